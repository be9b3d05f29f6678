// The console's lists on a telephone: every row becomes a block whose values are named, so that nothing lies beyond the
// edge of the screen. Without it the list is a table that scrolls sideways.
"use strict";

(() => {
    const list = document.getElementById("result_list");
    if (!list) return;
    const names = [...list.querySelectorAll("thead th")].map((each) => each.textContent.trim());
    for (const row of list.querySelectorAll("tbody tr")) {
        [...row.cells].forEach((cell, n) => {
            if (names[n]) cell.dataset.label = names[n];
        });
    }
    list.classList.add("is-labelled");
})();
