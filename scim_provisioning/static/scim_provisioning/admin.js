"use strict";

// Copying, looking again and going on by itself. Every page works without this file.
(function () {
    function say(element, text) {
        element.textContent = "";
        // A live region is read out when its text changes, even to the same words.
        window.setTimeout(function () { element.textContent = text; }, 50);
    }

    function copyOldWay(source) {
        const range = document.createRange();
        range.selectNodeContents(source);
        const selection = window.getSelection();
        selection.removeAllRanges();
        selection.addRange(range);
        return document.execCommand("copy");
    }

    function copyButton(button) {
        const source = document.getElementById(button.dataset.scimCopy);
        const result = button.parentElement.querySelector("[aria-live]");
        if (!source) {
            return;
        }
        button.hidden = false;
        button.addEventListener("click", function () {
            function done() {
                say(result, button.dataset.scimCopied);
            }
            function otherwise() {
                if (copyOldWay(source)) {
                    done();
                }
            }
            // Without https a browser offers no clipboard.
            if (navigator.clipboard && window.isSecureContext) {
                navigator.clipboard.writeText(source.textContent).then(done, otherwise);
            } else {
                otherwise();
            }
        });
    }

    function poll(element) {
        const every = 5000;
        function look() {
            fetch(element.dataset.scimPoll, {credentials: "same-origin", headers: {"Accept": "application/json"}})
                .then(function (response) { return response.ok ? response.json() : null; })
                .then(function (answer) {
                    if (answer && answer.state !== element.dataset.scimState) {
                        // The whole page says more than the sentence: which button, which step.
                        window.location.reload();
                    } else {
                        window.setTimeout(look, every);
                    }
                })
                .catch(function () { window.setTimeout(look, every * 6); });
        }
        if (["waiting", "both"].includes(element.dataset.scimState)) {
            window.setTimeout(look, every);
        }
    }

    // Sends a form again and again, as its button would, while each answer says that something is left to do.
    function advance(form) {
        const bar = document.getElementById("scim-bar");
        const told = document.getElementById("scim-handled");
        function part() {
            fetch(form.action, {method: "POST", body: new FormData(form), credentials: "same-origin", headers: {"Accept": "application/json"}})
                .then(function (response) {
                    if (!response.ok) {
                        throw new Error(response.status);
                    }
                    return response.redirected ? null : response.json();
                })
                .then(function (answer) {
                    if (!answer || answer.finished) {
                        // The whole page says more: what came of it, or why it does not go on.
                        window.location.reload();
                        return;
                    }
                    bar.value = answer.handled;
                    told.textContent = answer.text;
                    part();
                })
                .catch(function () { window.setTimeout(part, 30000); });
        }
        part();
    }

    // On a narrow screen a row of a table becomes a card, whose cells say what they are: see "scim-stacked" in the
    // stylesheet. The roles keep it a table for those who hear it.
    function stack(table) {
        const heads = Array.from(table.querySelectorAll("thead th"));
        const labels = heads.map(function (head) { return head.textContent.trim(); });
        table.setAttribute("role", "table");
        table.querySelectorAll("thead, tbody").forEach(function (part) { part.setAttribute("role", "rowgroup"); });
        table.querySelectorAll("tr").forEach(function (row) { row.setAttribute("role", "row"); });
        heads.forEach(function (head) { head.setAttribute("role", "columnheader"); });
        table.querySelectorAll("tbody tr").forEach(function (row) {
            Array.from(row.cells).forEach(function (cell, number) {
                cell.setAttribute("role", cell.tagName === "TH" ? "rowheader" : "cell");
                if (row.cells.length === labels.length && labels[number]) {
                    cell.dataset.scimLabel = labels[number];
                }
            });
        });
        table.classList.add("scim-stacked");
    }

    function start() {
        document.querySelectorAll(".scim-table, .scim-list #result_list").forEach(stack);
        document.querySelectorAll("[data-scim-copy]").forEach(copyButton);
        document.querySelectorAll("[data-scim-poll]").forEach(poll);
        document.querySelectorAll("[data-scim-advance]").forEach(advance);
    }

    if (document.readyState === "loading") {
        document.addEventListener("DOMContentLoaded", start);
    } else {
        start();
    }
})();
