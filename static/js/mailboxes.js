// What makes the registration more comfortable. Without it every step still works.
"use strict";

(() => {
    const OWN = "own";

    // --- the field for an own domain is there when that is chosen
    function arrangeDomain() {
        const domain = document.getElementById("id_domain");
        const box = document.getElementById("own-domain");
        if (domain && box) box.hidden = domain.value !== OWN && !box.querySelector(".is-invalid");
    }

    // --- a proposed address is put into the fields and checked where one is, without another page
    function take(address) {
        const at = address.lastIndexOf("@");
        const domain = document.getElementById("id_domain");
        const wanted = address.slice(at + 1);
        const isOffered = [...domain.options].some((option) => option.value === wanted);
        document.getElementById("id_name").value = address.slice(0, at);
        domain.value = isOffered ? wanted : OWN;
        document.getElementById("id_own_domain").value = isOffered ? "" : wanted;
        arrangeDomain();
        document.getElementById("id_name").focus();
        document.getElementById("check").click();
    }

    // --- a municipality that was chosen from its list brings its province: "Castro (LE)"
    function fillProvince(field) {
        const found = /^(.*) \(([A-Z]{2})\)$/.exec(field.value);
        const province = document.getElementById(field.id.replace("comune", "provincia"));
        if (!found || !province || ![...province.options].some((option) => option.value === found[2])) return;
        province.value = found[2];
        field.value = found[1];
    }

    // --- the button that shows a holder's fields is for those without scripts
    function hideButtons() {
        for (const box of document.querySelectorAll(".mailbox-choose")) box.hidden = true;
    }

    document.addEventListener("click", (event) => {
        const button = event.target.closest("button[data-address]");
        if (!button) return;
        event.preventDefault();
        take(button.dataset.address);
    });
    document.addEventListener("change", (event) => {
        if (event.target.id === "id_domain") arrangeDomain();
        if (event.target.id?.startsWith("id_comune")) fillProvince(event.target);
    });
    arrangeDomain();
    hideButtons();
})();
