// The HTML of letters in the browser: what the editor may show of it, what a clerk types as plain paragraphs, and what
// other programs paste. The portal's own cleaning (campaigns/markup.py) has the last word; this only agrees with it.
"use strict";

window.portalMarkup = (() => {
    const BLOCKS = ["P", "H1", "H2", "H3", "H4", "H5", "H6", "UL", "OL", "LI", "TABLE", "CAPTION", "THEAD", "TBODY", "TFOOT",
        "TR", "TD", "TH", "BLOCKQUOTE", "PRE", "HR", "DIV"];
    const WORDS = ["A", "B", "BR", "CODE", "EM", "I", "S", "SMALL", "SPAN", "STRONG", "SUB", "SUP", "U"];
    const KEPT = new Set([...BLOCKS, ...WORDS]);
    const DROPPED = new Set(["SCRIPT", "STYLE", "TITLE", "META", "LINK", "BASE", "TEMPLATE", "IFRAME", "OBJECT", "EMBED", "SVG",
        "MATH", "IMG", "PICTURE", "VIDEO", "AUDIO", "CANVAS", "INPUT", "TEXTAREA", "SELECT", "BUTTON", "XML", "NOSCRIPT"]);
    const ATTRIBUTES = new Set(["href", "title", "start", "align", "valign", "colspan", "rowspan", "border", "cellpadding",
        "cellspacing"]);
    const STYLES = ["text-align", "font-weight", "font-style", "text-decoration", "color", "width"];
    const SCHEME = /^(?:https?:|mailto:|tel:|\s*\{\{)/i;
    // as in campaigns/preparing/paragraphs.py: what makes a text HTML, and what is left alone in it
    const TAG = /<\/?(p|br|b|strong|i|em|u|a|ul|ol|li|h[1-6]|table|thead|tbody|tr|td|th|div|span|hr|blockquote|pre|img)\b[^>]*>/i;
    const FIELD = /(\{\{[^]*?\}\}|\{%[^]*?%\})/;
    const ELEMENT = /<[a-z][^<>"']*(?:(?:"[^"]*"|'[^']*')[^<>"']*)*>/gi;
    const STYLE = /(\s)style(\s*=)/gi; // in attributes the Content-Security-Policy refuses it, by script it does not

    const escape = (words) => words.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

    // --- plain paragraphs and HTML
    function toHtml(typed) {
        const text = typed.replace(/\r\n?/g, "\n").trim();
        if (!text || TAG.test(text)) return text;
        const blocks = text.split(/\n[ \t]*\n/).map((block) => block.replace(/^\n+|\n+$/g, ""));
        return blocks.filter((block) => block.trim()).map((block) => `<p>${escaped(block)}</p>`).join("\n");
    }

    function escaped(block) {
        const parts = block.split(FIELD);
        return parts.map((part, at) => (at % 2 ? part : escape(part).replace(/\n/g, "<br>\n"))).join("");
    }

    // What is nothing but paragraphs as it would be typed; any other HTML as it is.
    function toTyped(html) {
        if (html.replace(/<p>[^]*?<\/p>\n?/g, "").trim()) return html;
        const blocks = [...html.matchAll(/<p>([^]*?)<\/p>/g)].map((found) => found[1].replace(/<br>\n?/g, "\n"));
        if (blocks.some((block) => /[<>]/.test(block.replace(FIELD, "")))) return html;
        const typed = blocks.map(words).join("\n\n");
        return same(toHtml(typed), html) ? typed : html;
    }

    const words = (html) => new DOMParser().parseFromString(html, "text/html").documentElement.textContent;
    const same = (one, other) => one.replace(/\s+/g, "") === other.replace(/\s+/g, "");

    // --- what may be shown
    function fragment(html, { isPasted = false } = {}) {
        const sheetless = html.replace(/<style\b[^]*?<\/style\s*>/gi, ""); // the policy reports them even unused
        const quiet = sheetless.replace(ELEMENT, (element) => element.replace(STYLE, "$1data-style$2"));
        const source = new DOMParser().parseFromString(quiet, "text/html").body;
        if (isPasted) tidyPaste(source);
        scrub(source, isPasted); // there, where nothing is fetched and nothing runs
        const clean = document.createDocumentFragment();
        clean.append(...source.childNodes);
        return clean;
    }

    function scrub(node, isPasted) {
        for (const child of [...node.childNodes]) {
            if (child.nodeType === Node.TEXT_NODE) {
                if (isPasted && !child.parentNode.closest?.("pre")) child.data = child.data.replace(/\s*\n\s*/g, " ");
                continue;
            }
            if (child.nodeType !== Node.ELEMENT_NODE || DROPPED.has(child.nodeName.toUpperCase())) {
                child.remove();
                continue;
            }
            scrub(child, isPasted);
            if (KEPT.has(child.nodeName)) scrubAttributes(child, isPasted);
            else child.replaceWith(...child.childNodes);
        }
    }

    function scrubAttributes(element, isPasted) {
        const style = element.dataset.style ?? "";
        for (const { name, value } of [...element.attributes]) {
            const isRight = ATTRIBUTES.has(name) && (name !== "href" || SCHEME.test(value.trim()));
            if (!isRight || (isPasted && !["href", "start", "colspan", "rowspan"].includes(name))) {
                element.removeAttribute(name);
            }
        }
        if (isPasted) return;
        const wanted = document.createElement("span").style;
        wanted.cssText = style;
        for (const name of STYLES) {
            const value = wanted.getPropertyValue(name);
            if (value) element.style.setProperty(name, value);
        }
    }

    // Whether the editor would show the whole of a text, and give it back in the same order.
    function isEditable(html) {
        const elements = html.match(ELEMENT) ?? [];
        if (elements.some((element) => /\{%/.test(element))) return false;
        if (/<!|<\?/.test(html)) return false;
        if (elements.some((element) => !KEPT.has(/^<([a-z0-9:-]+)/i.exec(element)[1].toUpperCase()))) return false;
        const holder = document.createElement("div");
        holder.append(fragment(html));
        return same(words(html.replace(/<\/?[a-z][^<>]*>/gi, "")), holder.textContent);
    }

    // --- what word processors and web pages paste: their lists are paragraphs with a sign, their bold a style
    function tidyPaste(body) {
        for (const mark of body.querySelectorAll('[data-style*="mso-list:Ignore" i], [data-style*="mso-list: Ignore" i]')) {
            mark.closest("p")?.setAttribute("data-mark", mark.textContent.trim());
            mark.remove();
        }
        for (const mark of body.querySelectorAll("*")) {
            if (mark.nodeName.startsWith("O:") && !mark.textContent.trim()) mark.remove();
        }
        const items = 'p[class*="MsoListParagraph"], p[data-style*="mso-list"]';
        for (const item of body.querySelectorAll(items)) listed(item);
        for (const element of body.querySelectorAll("[data-style]")) meant(element);
        for (const span of body.querySelectorAll("span")) span.replaceWith(...span.childNodes);
        for (const one of body.querySelectorAll("p, h1, h2, h3")) if (!one.textContent.trim()) one.remove();
    }

    function listed(item) {
        const isNumbered = /^\(?[0-9a-z]{1,4}[.)]/i.test(item.dataset.mark ?? "");
        const before = item.previousElementSibling;
        const list = before?.nodeName === (isNumbered ? "OL" : "UL") && before.dataset.pasted ? before : document.createElement(isNumbered ? "ol" : "ul");
        list.dataset.pasted = "yes";
        if (list !== before) item.before(list);
        const entry = document.createElement("li");
        entry.append(...item.childNodes);
        list.append(entry);
        item.remove();
    }

    function meant(element) {
        const style = element.dataset.style;
        if (element.nodeName === "B" && /(?:^|;)\s*font-weight:\s*normal/i.test(style)) {
            element.replaceWith(...element.childNodes);
            return;
        }
        if (element.nodeName !== "SPAN") return;
        if (/(?:^|;)\s*font-weight:\s*(?:bold|[6-9]00)/i.test(style)) wrapped(element, "b");
        if (/font-style:\s*italic/i.test(style)) wrapped(element, "i");
    }

    function wrapped(element, name) {
        const inner = document.createElement(name);
        inner.append(...element.childNodes);
        element.append(inner);
    }

    // --- what the editor holds, as it is kept: a block on each line, no marks of the editor's own
    function serialised(html) {
        const holder = document.createElement("template");
        holder.innerHTML = html.replace(ELEMENT, (element) => element.replace(STYLE, "$1data-style$2"));
        for (const element of holder.content.querySelectorAll("[class]")) element.removeAttribute("class");
        for (const block of holder.content.querySelectorAll("li > p:only-child, td > p:only-child, th > p:only-child")) {
            block.replaceWith(...block.childNodes);
        }
        const last = holder.content.lastElementChild;
        if (last && holder.content.childElementCount > 1 && ["P", "DIV"].includes(last.nodeName) && !last.textContent.trim()) last.remove();
        for (const end of holder.content.querySelectorAll("p > br:last-child, li > br:last-child, h2 > br:last-child")) {
            if (end.parentNode.textContent && !end.nextSibling) end.remove();
        }
        const only = holder.content.childElementCount === 1 && !holder.content.textContent.trim();
        const text = holder.innerHTML.replace(/data-style(\s*=)/g, "style$1");
        if (only) return "";
        // a browser types a space before an element, or at the end of what is typed, as one that does not break
        const spaced = text.replace(/([^\s>;])&nbsp;(?!\s|&nbsp;|$|<br|<\/(?:p|h[1-6]|li|td|th|div)>)/g, "$1 ");
        return spaced.replace(/(<\/(?:p|h[1-6]|ul|ol|table|blockquote|pre|div|li)>)(?=<[a-z])/g, "$1\n");
    }

    return { fragment, isEditable, serialised, toHtml, toTyped };
})();
