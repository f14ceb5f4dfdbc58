/* Sentences of the desk, in the reader's language: it says them in parts, each with a code and what it says by name (store/rules/08_said.sql). */
import { has, t } from "./i18n.js";
import { span, clock } from "./time.js";

/* What a name says of its value: a time, a length, a kind of message; a value may be a part itself. */
function valueOf(name, value) {
	if (value === null || value === undefined) {
		return "";
	}
	if (Array.isArray(value)) {
		return typeof value[0] === "object" ? said(value) : value.map((one) => valueOf(name.replace(/s$/, ""), one)).join(", ");
	}
	if (typeof value === "object") {
		return said([value]);
	}
	if (name === "at" || name.endsWith("_at")) {
		return clock(value);
	}
	if (name.endsWith("_s")) {
		return span(value);
	}
	/* A word that one of us chose among a few. */
	const word = { actor: `actor.${value}`, kind: `kind.${value}`, nature: `nature.${value}` }[name];
	return word !== undefined && has(word) ? t(word) : value;
}

/* Parts that go on begin with their own ";" or ",", which falls away behind a ":" or ".", and where nothing stands before them. */
export function said(parts) {
	let words = "", ends = false;
	for (const part of parts ?? []) {
		const key = `said.${part.code}`, form = has(key) ? t(key) : part.code;
		const more = has(key) ? t(key, Object.fromEntries(Object.entries(part).map(([name, value]) => [name, valueOf(name, value)]))) : part.code;
		words += words === "" ? more.replace(/^[,;]+ */, "") : !/^[,;.]/.test(more) ? ` ${more}` : ends ? more.replace(/^[,;]+/, "") : more;
		ends = /[:.]$/.test(form); /* of what is said, not of what fills it: "45 Min." ends nothing */
	}
	return words;
}

/* As a whole sentence. */
export function sentence(parts) {
	return said(parts).replace(/(?<![.!?])$/, ".");
}
