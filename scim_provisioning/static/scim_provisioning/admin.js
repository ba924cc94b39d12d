"use strict";

// Copying, and looking again by itself. Every page works without this file.
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

    function start() {
        document.querySelectorAll("[data-scim-copy]").forEach(copyButton);
        document.querySelectorAll("[data-scim-poll]").forEach(poll);
    }

    if (document.readyState === "loading") {
        document.addEventListener("DOMContentLoaded", start);
    } else {
        start();
    }
})();
