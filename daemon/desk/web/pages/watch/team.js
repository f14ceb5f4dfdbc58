/* Who has what, since when, until when it is theirs, and what of it is late. By name: nobody is ranked. */
import { html } from "../../lib/html.js";
import { t } from "../../lib/i18n.js";
import * as api from "../../lib/api.js";
import { firstSeen } from "../../lib/text.js";
import { Badge, Empty, Excerpt, Foreign, Since, Table, Time } from "../../lib/ui.js";
import { Figures, Loaded } from "../reports/parts.js";
import { useLive } from "./live.js";

const TONES = { overdue: "bad", stopped: "bad", warn: "warn", ok: "good" };

function Person({ of: p }) {
	return html`<section class="person" aria-label=${firstSeen(p.name, p.login)}><h2><${Foreign} text=${p.name} /> <span class="hint">${p.name !== p.login && `${p.login} · `}${t(`watch.role_${p.role}`)}</span></h2>
		<p>${t("watch.holds", { n: p.holds })} ${p.overdue > 0 && html`<${Badge} tone="bad" icon="alarm">${t("watch.late", { n: p.overdue })}<//>`}</p>
		${p.conversations.length > 0 && html`<${Table} caption=${t("watch.holds_list", { name: p.name })} rows=${p.conversations} isStack isTitled keyOf=${(c) => c.id} columns=${[
			{ title: t("reports.customer"), cell: (c) => html`<a href=${`/conversation/${c.id}`}><${Excerpt} text=${firstSeen(c.customer.name, c.customer.handle, c.id)} n=${80} /></a>` },
			{ title: t("watch.waits"), cell: (c) => c.waiting_since === null ? t("watch.waits_not") : html`<${Since} at=${c.waiting_since} />` },
			{ title: t("watch.state"), cell: (c) => c.state === null ? "–" : html`<${Badge} tone=${TONES[c.state]}>${t(`watch.state_${c.state}`)}<//>` },
			{ title: t("watch.held_since"), cell: (c) => html`<${Time} at=${c.since} />` }, { title: t("watch.held_until"), cell: (c) => html`<${Time} at=${c.until} />` }]} />`}
		${p.holds > p.conversations.length && html`<p class="hint">${t("watch.and_more", { n: p.holds - p.conversations.length })}</p>`}</section>`;
}

export function Team() {
	const of = useLive("queue conversation", (signal) => api.get("team", {}, { signal }), 60);
	return html`<${Loaded} of=${of}>${(data) => html`<${Figures} list=${[{ label: t("watch.free"), value: data.free.waiting }, { label: t("watch.free_late"), value: data.free.overdue, tone: data.free.overdue > 0 ? "bad" : "" }]} />
		${data.items.length === 0 ? html`<${Empty} title=${t("watch.no_team")} />` : html`<div class="people">${data.items.map((p) => html`<${Person} key=${p.login} of=${p} />`)}</div>`}`}<//>`;
}
