// A first draft of a vendor profile for one kind of trap: what the trap itself says, with names to be replaced. No DOM, no network.

/**
 * The values of one trap, each with a name that nobody gave: `value1` for the first.
 * @param {{oid: string, type: string, value: unknown, text?: string}[]} varbinds
 */
export function named(varbinds) {
  return varbinds.map((each, n) => ({ ...each, name: `value${n + 1}`, shown: each.text ?? String(each.value ?? "") }));
}

/**
 * A profile (TOML) that raises one alarm for each trap of this kind.
 * @param {string} trapOid
 * @param {{oid: string, type: string, value: unknown, text?: string}[]} varbinds of the newest such trap
 */
export function draftOf(trapOid, varbinds) {
  const values = named(varbinds.filter((each) => /^[0-9.]+$/.test(each.oid)));
  return `# A draft: give it names from the vendor's MIB. Columns of tables end in the index of the row: leave the index out.
name = "draft"
vendor = ""
description = ""

[notifications]
theTrap = "${trapOid}"

[varbinds]
${values.map((each) => `${each.name} = "${each.oid}"  # ${each.type}: ${comment(each.shown)}`).join("\n")}

[[alarms]]
name = "the-trap"
raise = ["theTrap"]
type = "vendor.event"
`;
}

/** One line of printable text, so that no value of a device ends the comment. @param {string} text */
function comment(text) {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 60);
}
