"""Whether a picture of a paper can be read: resolution, sharpness, light. Heuristics, and so warnings only. Pure."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE: Final = 1000  # pixels of the longer side at which pictures are compared
LEAST_SIDE: Final = 1000  # pixels of the longer side: less of an A4 page, or of a card that fills it, is hard to read
LEAST_DPI: Final = 100
_BLANK, _DARK = 5.0, 80  # of 255: spread and mean of the light
_BLURRED = 0.3  # tried on print and cards, sharp (from 1.5 on) and blurred beyond reading (below 0.25)


def remarks(picture: "Image", *, dpi: int | None = None) -> list[str]:
    """What may make it hard to read: blank, dark, blurred, coarse. `dpi` of a scan that fills its page."""
    from PIL import ImageStat

    found = ["coarse"] if (dpi < LEAST_DPI if dpi is not None else max(picture.size) < LEAST_SIDE) else []
    grey = picture.convert("L")
    grey.thumbnail((SIDE, SIDE))
    light = ImageStat.Stat(grey)
    if light.stddev[0] < _BLANK:
        return ["blank"]
    if light.mean[0] < _DARK:
        found.append("dark")
    if _sharpness(grey) < _BLURRED:
        found.append("blurred")
    return found


def _sharpness(grey: "Image") -> float:
    """How steep the steepest edges are (the Laplacian's highest half percent), for the picture's contrast."""
    from PIL import ImageFilter

    edges = grey.filter(ImageFilter.Kernel((3, 3), [0, 1, 0, 1, -4, 1, 0, 1, 0], scale=4, offset=128)).histogram()
    steep = [edges[128 + distance] + (edges[128 - distance] if distance else 0) for distance in range(128)]
    light = grey.histogram()
    contrast = _quantile(light, 0.99) - _quantile(light, 0.01)
    return 4 * _quantile(steep, 0.995) / max(1, contrast)


def _quantile(histogram: list[int], share: float) -> int:
    wanted, passed = share * sum(histogram), 0
    for value, count in enumerate(histogram):
        passed += count
        if passed >= wanted:
            return value
    return len(histogram) - 1
