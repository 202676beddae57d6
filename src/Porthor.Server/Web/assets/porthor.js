// All that scripts do here: copy. Without them the text can be selected, and the button stays hidden.
"use strict";
for (const button of document.querySelectorAll("button[data-copies]")) {
  const field = document.getElementById(button.dataset.copies);
  const said = document.getElementById(button.dataset.says);
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    let copied = true;
    try {
      // Only where the page is secure; elsewhere the old way.
      await navigator.clipboard.writeText(field.value);
    } catch {
      copied = document.execCommand("copy");
    }
    said.textContent = copied ? "Copied." : "Could not copy. Select the text and copy it yourself.";
  });
}
