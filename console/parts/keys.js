// What a key press is for.

/** Whether the key goes into a field. @param {KeyboardEvent} event */
export function writes(event) {
  const target = /** @type {HTMLInputElement} */ (event.target);
  return event.ctrlKey || event.metaKey || event.altKey || (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && target.type !== "checkbox");
}
