/* What is not heard, in the reader's language; the reason is the platform's, or the desk's own sentence. */
import { html } from "../lib/html.js";
import { has, t } from "../lib/i18n.js";
import { Excerpt, Foreign } from "../lib/ui.js";
import { said } from "../lib/said.js";
import { brief } from "../lib/text.js";
import * as time from "../lib/time.js";

function part(p) {
	const key = `watch.not_${p.code}`, at = p.since ? time.clock(p.since) : "–";
	return `${has(key) ? t(key, { account: p.account ?? "", sources: p.sources ?? "", at }) : p.code}${p.reason ? ` (${p.reason_parts ? brief(said(p.reason_parts)) : p.reason})` : ""}`;
}

/* most: how much of it there is room for, where a list must stay in sight. */
export function NotHeard({ of: listening, most }) {
	const parts = listening.parts?.length > 0 ? listening.parts.map(part) : [listening.text];
	return most ? html`<${Excerpt} text=${parts.join(" ")} n=${most} />` : parts.map((words) => html`<${Foreign} text=${words} /> `);
}
