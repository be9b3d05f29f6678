// Fields that a kind of holder does not have are hidden. Without this they stay, and say when they are needed.
"use strict";

(() => {
    const GROUPS = { IM: 0, PS: 1, PL: 2 }; // which kinds have sectors, and in which group of the choice they stand
    const PRIVATE = "PV";
    const OTHER = "X";

    function show(name, visible) {
        const box = document.getElementById(`div_id_${name}`);
        if (box && !box.querySelector(".is-invalid")) box.hidden = !visible;
        else if (box) box.hidden = false;
    }

    function arrange(kind, sector) {
        const group = GROUPS[kind.value];
        [...sector.querySelectorAll("optgroup")].forEach((each, index, all) => {
            each.disabled = each.hidden = group !== undefined && index !== group && index !== all.length - 1;
        });
        if (sector.selectedOptions[0]?.parentElement.disabled) sector.value = "";
        const isSomebody = kind.value !== "" && kind.value !== PRIVATE;
        show("sottotipo_cliente", group !== undefined);
        show("sottotipo_cliente_altro", group !== undefined && sector.value === OTHER);
        show("denominazione_titolare", isSomebody);
        show("cf_piva_titolare", isSomebody);
    }

    const kind = document.getElementById("id_tipo_cliente");
    const sector = document.getElementById("id_sottotipo_cliente");
    if (!kind || !sector) return;
    for (const field of [kind, sector]) field.addEventListener("change", () => arrange(kind, sector));
    arrange(kind, sector);
})();
