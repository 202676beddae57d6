// Copies a token to the clipboard. If scripts are disabled, the button stays hidden and the user selects the text.
"use strict";
for (const button of document.querySelectorAll("button[data-copies]")) {
  const field = document.getElementById(button.dataset.copies);
  const said = document.getElementById(button.dataset.says);
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    let copied = true;
    try {
      // The clipboard API is available only in secure contexts.
      await navigator.clipboard.writeText(field.value);
    } catch {
      copied = document.execCommand("copy");
    }
    said.textContent = copied ? "Copied." : "The text could not be copied. Select the text and copy it manually.";
  });
}
