// A merge field is written where the cursor stands when its button is pressed.
"use strict";

(() => {
    let field = null;

    function remember(event) {
        if (event.target.matches?.("#id_subject, #id_body")) field = event.target;
    }

    function insert(button) {
        const target = field ?? document.getElementById("id_body");
        target.focus();
        target.setRangeText(button.dataset.insert, target.selectionStart, target.selectionEnd, "end");
        target.dispatchEvent(new Event("input", { bubbles: true }));
    }

    document.addEventListener("focusin", remember);
    document.addEventListener("click", (event) => {
        const button = event.target.closest("button[data-insert]");
        if (button) insert(button);
    });
})();
