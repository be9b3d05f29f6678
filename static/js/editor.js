// The text of a letter, formatted as its reader will see it: Squire edits, the field of the form keeps the HTML. The
// plain view is that field itself. Merge fields and conditions are written where the cursor was last.
"use strict";

(() => {
    const { fragment, isEditable, serialised, toHtml, toTyped } = window.portalMarkup;
    const box = document.querySelector("[data-editor]");
    const field = box && document.getElementById(box.dataset.editor);
    if (!field) return;
    const notes = document.querySelector("[data-editor-notes]");
    const form = field.form;
    const subject = document.getElementById("id_subject");
    const rich = box.querySelector("[role=textbox]");
    const toolbar = box.querySelector("[role=toolbar]");
    const buttons = [...toolbar.querySelectorAll("button")];
    const button = (act) => toolbar.querySelector(`[data-act="${act}"]`);
    let isLoading = false;
    let isPlain = true;
    let isChanged = "changed" in box.dataset;
    let written = null; // where the next merge field goes: the subject, the plain field, or the formatted text

    const editor = new window.Squire(rich, {
        blockTag: "P",
        addLinks: false,
        sanitizeToDOMFragment: (html) => fragment(html, { isPasted: !isLoading }),
        didError: (error) => {
            throw error;
        },
    });
    editor.setKeyHandler("Tab", null); // a keyboard leaves the text by it, in lists too
    editor.setKeyHandler("Shift-Tab", null);

    // --- the two views
    function show(plain) {
        isPlain = plain;
        field.hidden = !plain;
        rich.hidden = plain;
        button("plain").setAttribute("aria-pressed", String(plain));
        toolbar.setAttribute("aria-controls", plain ? field.id : rich.id);
        for (const one of buttons) {
            if (!["plain", "condition"].includes(one.dataset.act)) one.disabled = plain;
        }
        if (written !== subject) written = plain ? field : rich;
        rove(buttons.find((one) => !one.disabled));
        if (!plain) tell();
    }

    function turn() {
        if (!isPlain) {
            show(true);
            return;
        }
        if (load()) show(false);
    }

    function load() {
        const html = toHtml(field.value);
        const fits = isEditable(html);
        notes.querySelector("[data-not]").hidden = fits;
        if (!fits) return false;
        isLoading = true;
        editor.setHTML(html);
        isLoading = false;
        return true;
    }

    function keep() {
        if (isPlain || isLoading) return;
        const value = toTyped(serialised(editor.getHTML()));
        if (value === field.value) return;
        field.value = value;
        isChanged = true;
        field.dispatchEvent(new Event("input", { bubbles: true }));
    }

    // --- the buttons
    const acts = {
        bold: () => (editor.hasFormat("B") ? editor.removeBold() : editor.bold()),
        italic: () => (editor.hasFormat("I") ? editor.removeItalic() : editor.italic()),
        heading: () => blocks(inside("H2") ? "P" : "H2"),
        list: () => (inside("UL") ? editor.removeList() : editor.makeUnorderedList()),
        numbers: () => (inside("OL") ? editor.removeList() : editor.makeOrderedList()),
        undo: () => editor.undo(),
        redo: () => editor.redo(),
        link: askLink,
        condition: askCondition,
        plain: turn,
    };

    function press(one) {
        if (one.disabled) return;
        const act = one.dataset.act;
        acts[act]();
        if (!["link", "condition", "plain"].includes(act)) {
            tell();
            keep();
        }
    }

    function inside(name) {
        const { startContainer: start, startOffset, endContainer: end, endOffset } = editor.getSelection();
        return [start.childNodes[startOffset] ?? start, end.childNodes[endOffset - 1] ?? end].every((node) => {
            const found = (node.nodeType === Node.TEXT_NODE ? node.parentNode : node).closest(name);
            return found !== null && rich.contains(found);
        });
    }

    function blocks(name) {
        editor.modifyBlocks((part) => {
            for (const old of [...part.querySelectorAll("p, h1, h2, h3, h4, h5, h6")]) {
                if (old.closest("li, td, th")) continue;
                const block = document.createElement(name);
                block.append(...old.childNodes);
                old.replaceWith(block);
            }
            return part;
        });
    }

    function tell() {
        const on = {
            bold: editor.hasFormat("B"),
            italic: editor.hasFormat("I"),
            link: editor.hasFormat("A"),
            heading: inside("H2"),
            list: inside("UL"),
            numbers: inside("OL"),
        };
        for (const [act, is] of Object.entries(on)) button(act).setAttribute("aria-pressed", String(is));
    }

    // --- one stop for Tab, arrows from button to button (WAI-ARIA: the toolbar pattern)
    function rove(to, { focus = false } = {}) {
        for (const one of buttons) one.tabIndex = one === to ? 0 : -1;
        if (focus) to.focus();
    }

    function travel(event) {
        const open = buttons.filter((one) => !one.disabled);
        const at = open.indexOf(event.target.closest("button"));
        const next = { ArrowRight: at + 1, ArrowLeft: at - 1 + open.length, Home: 0, End: open.length - 1 }[event.key];
        if (event.key === "Escape") (isPlain ? field : rich).focus();
        else if (next === undefined) return;
        else rove(open[next % open.length], { focus: true });
        event.preventDefault();
    }

    function toToolbar(event) {
        if (event.key !== "F10" || !event.altKey) return;
        event.preventDefault();
        buttons.find((one) => one.tabIndex === 0)?.focus();
    }

    // --- what is asked before it is inserted
    function ask(dialog, done) {
        const yes = dialog.querySelector('[data-dialog="yes"]');
        const no = dialog.querySelector('[data-dialog="no"]');
        const range = isPlain ? null : editor.getSelection();
        const go = () => {
            if (range) editor.setSelection(range);
            if (done() === false) return;
            dialog.close();
            (written ?? rich).focus();
        };
        dialog.onkeydown = (event) => {
            if (event.key !== "Enter" || event.target.tagName === "BUTTON") return;
            event.preventDefault();
            go();
        };
        yes.onclick = go;
        no.onclick = () => dialog.close();
        dialog.showModal();
    }

    function askLink() {
        const dialog = document.getElementById("link-dialog");
        const input = dialog.querySelector("input");
        const wrong = dialog.querySelector("[data-wrong]");
        const { startContainer: node } = editor.getSelection();
        const link = (node.nodeType === Node.TEXT_NODE ? node.parentNode : node).closest("a");
        input.value = link?.getAttribute("href") ?? "";
        say("");
        ask(dialog, () => {
            const address = asAddress(input.value.trim());
            if (address === null) {
                say(wrong.dataset.wrong);
                input.focus();
                return false;
            }
            if (address) editor.makeLink(address);
            else editor.removeLink();
            tell();
            keep();
            return true;
        });

        function say(words) {
            wrong.textContent = words;
            input.setAttribute("aria-invalid", String(Boolean(words)));
        }
    }

    function asAddress(typed) {
        if (!typed || /^(?:https?:\/\/|mailto:|tel:)\S+$/i.test(typed) || /^\{\{[^{}]+\}\}$/.test(typed)) return typed;
        if (/^[^\s@:/]+@[^\s@:/]+\.[^\s@:/]+$/.test(typed)) return `mailto:${typed}`;
        return /^[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:[/?#]\S*)?$/i.test(typed) ? `https://${typed}` : null;
    }

    function askCondition() {
        const dialog = document.getElementById("condition-dialog");
        ask(dialog, () => {
            const name = dialog.querySelector("select").value;
            around(`{% if ${name} %}`, "{% endif %}");
        });
    }

    // --- merge fields and conditions
    function insert(words) {
        if (written === rich) {
            editor.focus();
            editor.insertPlainText(words, false);
            keep();
            return;
        }
        const target = written ?? field;
        target.focus();
        target.setRangeText(words, target.selectionStart, target.selectionEnd, "end");
        target.dispatchEvent(new Event("input", { bubbles: true }));
    }

    function around(before, after) {
        if (written !== rich) {
            const target = written ?? field;
            const { selectionStart: start, selectionEnd: end, value } = target;
            const chosen = value.slice(start, end) || " … ";
            target.setRangeText(before + chosen + after, start, end, "end");
            target.dispatchEvent(new Event("input", { bubbles: true }));
            return;
        }
        const range = editor.getSelection();
        if (range.collapsed) {
            editor.insertPlainText(`${before} … ${after}`, false);
        } else {
            editor.saveUndoState(range);
            const end = range.cloneRange();
            end.collapse(false);
            end.insertNode(document.createTextNode(after));
            range.collapse(true);
            range.insertNode(document.createTextNode(before));
            rich.normalize();
        }
        keep();
    }

    // --- nothing that was typed is lost without a word
    function warn(event) {
        if (!isChanged || form.hasAttribute("data-sent")) return;
        event.preventDefault();
        event.returnValue = "";
        setTimeout(() => window.dispatchEvent(new Event("pageshow")), 1000); // who stays may send the forms again
    }

    const label = document.querySelector(`label[for="${field.id}"]`);
    label.id ||= `${field.id}_label`;
    rich.setAttribute("aria-labelledby", label.id);
    rich.setAttribute("aria-describedby", [field.getAttribute("aria-describedby"), "rich-help"].filter(Boolean).join(" "));
    if (field.getAttribute("aria-invalid")) rich.setAttribute("aria-invalid", "true");
    field.before(box);
    field.after(notes);
    notes.hidden = false;
    document.querySelector("main").append(...document.querySelectorAll("#link-dialog, #condition-dialog"));
    box.hidden = false;
    show(!load());
    // somebody may have begun in the subject before this script was there
    written = document.activeElement === subject ? subject : isPlain ? field : rich;

    editor.addEventListener("input", keep);
    editor.addEventListener("pathChange", tell);
    editor.addEventListener("select", tell);
    toolbar.addEventListener("click", (event) => {
        const one = event.target.closest("button");
        if (one) {
            rove(one);
            press(one);
        }
    });
    toolbar.addEventListener("mousedown", (event) => event.preventDefault()); // the selection stays
    toolbar.addEventListener("keydown", travel);
    for (const one of [rich, field]) one.addEventListener("keydown", toToolbar);
    label.addEventListener("click", () => (isPlain ? field : rich).focus());
    form.addEventListener("input", (event) => (isChanged ||= event.target === field || event.target === subject));
    document.addEventListener("focusin", ({ target }) => {
        if ([subject, field, rich].includes(target)) written = target;
    });
    document.addEventListener("click", (event) => {
        const one = event.target.closest("button[data-insert]");
        if (one) insert(one.dataset.insert);
        if (!isPlain && event.target.closest(`a[href="#${field.id}"]`)) {
            event.preventDefault();
            rich.focus();
        }
    });
    window.addEventListener("beforeunload", warn);
})();
