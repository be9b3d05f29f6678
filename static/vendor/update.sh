#!/bin/sh
# Take bootstrap-italia's built files anew: static/vendor/update.sh [VERSION]. Needs npm; run it by hand, then look at
# the pages and commit; static/vendor/update.sh squire [VERSION] does so with the editor. Only the files that the pages
# use are kept; see README.md beside this file.
set -eu
cd "$(dirname "$0")"
if [ "${1:-}" = squire ]; then
    VERSION="${2:-2.4.8}"
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    archive=$(cd "$work" && npm pack --silent "squire-rte@$VERSION")
    tar -xzf "$work/$archive" -C "$work"
    mkdir -p squire
    cp "$work/package/LICENSE" squire/LICENSE
    # without the map that it names, which the hashing of static files would look for
    sed '/^\/\/# sourceMappingURL=/d' "$work/package/dist/squire.js" >squire/squire.js
    chmod 644 squire/*
    (cd squire && find . -type f | LC_ALL=C sort | xargs sha256sum) >squire.sha256
    echo "squire $VERSION: $(du -sh squire | cut -f1)"
    exit
fi
VERSION="${1:-2.18.3}"
FONTS="Titillium_Web/titillium-web-v10-latin-ext_latin-300 Titillium_Web/titillium-web-v10-latin-ext_latin-regular
Titillium_Web/titillium-web-v10-latin-ext_latin-italic Titillium_Web/titillium-web-v10-latin-ext_latin-600
Titillium_Web/titillium-web-v10-latin-ext_latin-600italic Titillium_Web/titillium-web-v10-latin-ext_latin-700
Titillium_Web/titillium-web-v10-latin-ext_latin-700italic Roboto_Mono/roboto-mono-v13-latin-ext_latin-regular
Roboto_Mono/roboto-mono-v13-latin-ext_latin-700"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

archive=$(cd "$work" && npm pack --silent "bootstrap-italia@$VERSION")
tar -xzf "$work/$archive" -C "$work"
from="$work/package"
to="$work/bootstrap-italia"
mkdir -p "$to/css" "$to/js" "$to/svg" "$to/fonts/Titillium_Web" "$to/fonts/Roboto_Mono"
cp "$from/LICENSE" "$to/LICENSE"
# a data: font of the video player, which we do not use; our Content-Security-Policy would refuse it on every page
sed 's/@font-face *{font-family:VideoJS;[^}]*}//' "$from/dist/css/bootstrap-italia.min.css" >"$to/css/bootstrap-italia.min.css"
! grep -q '@font-face' "$to/css/bootstrap-italia.min.css" || { echo "The css still brings a font of its own." >&2; exit 1; }
cp "$from/dist/css/bootstrap-italia.min.css.map" "$to/css/"
cp "$from/dist/js/bootstrap-italia.bundle.min.js" "$to/js/"
cp "$from/dist/svg/sprites.svg" "$to/svg/"
cp "$from/dist/fonts/Titillium_Web/OFL.txt" "$to/fonts/Titillium_Web/"
cp "$from/dist/fonts/Roboto_Mono/LICENSE.txt" "$to/fonts/Roboto_Mono/"
for font in $FONTS; do
    cp "$from/dist/fonts/$font.woff2" "$to/fonts/$font.woff2"
done
find "$to" -type f -exec chmod 644 {} +
rm -rf bootstrap-italia
mv "$to" bootstrap-italia
(cd bootstrap-italia && find . -type f | LC_ALL=C sort | xargs sha256sum) >bootstrap-italia.sha256
echo "bootstrap-italia $VERSION: $(find bootstrap-italia -type f | wc -l) files, $(du -sh bootstrap-italia | cut -f1)"
