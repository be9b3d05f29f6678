// What makes the pages more comfortable. Without it every page still works.
"use strict";

(() => {
    const BUSY = "busy";

    // --- a form is sent once: a second click while the answer is on its way does nothing.
    // `data-resubmit` on a form that answers with a file, after which the page stays.
    function sendOnce(event) {
        const form = event.target;
        const posts = form.getAttribute("method")?.toLowerCase() === "post";
        if (event.defaultPrevented || !posts || form.hasAttribute("data-resubmit")) return;
        if (form.hasAttribute("data-sent")) {
            event.preventDefault();
            return;
        }
        form.setAttribute("data-sent", "");
        for (const button of submitters(form)) {
            button.setAttribute("aria-disabled", "true");
            if (button === event.submitter) button.classList.add(BUSY);
        }
    }

    function sendAgain() {
        for (const form of document.querySelectorAll("form[data-sent]")) {
            form.removeAttribute("data-sent");
            for (const button of submitters(form)) {
                button.removeAttribute("aria-disabled");
                button.classList.remove(BUSY);
            }
        }
    }

    function submitters(form) {
        return [...form.elements].filter((element) => element.type === "submit");
    }

    // --- `data-confirm="Sentence"` on a form or on one of its buttons: ask first, in the page's own dialog.
    function askFirst(event) {
        const form = event.target;
        const question = event.submitter?.dataset.confirm || form.dataset.confirm;
        const dialog = document.getElementById("confirm");
        if (!question || !dialog || form.hasAttribute("data-confirmed")) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        dialog.querySelector("[data-question]").textContent = question;
        dialog.returnValue = "";
        dialog.addEventListener(
            "close",
            () => {
                if (dialog.returnValue !== "yes") return;
                form.setAttribute("data-confirmed", "");
                form.requestSubmit(event.submitter);
                form.removeAttribute("data-confirmed");
            },
            { once: true },
        );
        dialog.showModal();
    }

    // --- `<button type="button" data-copy="#id" data-copied="Copied" hidden>`: copies the text or value of #id.
    function showCopyButtons(root) {
        if (!navigator.clipboard) return;
        for (const button of root.querySelectorAll("button[data-copy][hidden]")) button.hidden = false;
    }

    async function copy(button) {
        const source = document.querySelector(button.dataset.copy);
        await navigator.clipboard.writeText((source.value ?? source.textContent).trim());
        const label = button.textContent;
        button.textContent = button.dataset.copied || label;
        setTimeout(() => (button.textContent = label), 2000);
    }

    // --- menus made of <details> close when one turns to something else
    function closeMenus(except) {
        for (const menu of document.querySelectorAll("details.portal-menu[open]")) {
            if (!menu.contains(except)) menu.open = false;
        }
    }

    function escapeMenu(event) {
        if (event.key !== "Escape") return;
        const menu = event.target.closest?.("details.portal-menu[open]");
        if (!menu) return;
        menu.open = false;
        menu.querySelector("summary").focus();
    }

    document.addEventListener("submit", askFirst, true);
    document.addEventListener("submit", sendOnce);
    document.addEventListener("keydown", escapeMenu);
    document.addEventListener("focusin", (event) => closeMenus(event.target));
    document.addEventListener("click", (event) => {
        closeMenus(event.target);
        const button = event.target.closest("button[data-copy]");
        if (button) copy(button);
    });
    document.addEventListener("htmx:load", (event) => showCopyButtons(event.target));
    window.addEventListener("pageshow", sendAgain); // back to a page that the browser had kept
    showCopyButtons(document);
    document.querySelector(".form-problems")?.focus();
})();
