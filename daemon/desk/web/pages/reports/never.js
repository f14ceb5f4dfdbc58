/* Who has been left alone past the hard stop. The goal is that nobody stands here. */
import { html } from "../../lib/html.js";
import { number, t } from "../../lib/i18n.js";
import { platformName } from "../../lib/names.js";
import { firstSeen } from "../../lib/text.js";
import { Empty, Excerpt, Table, Time } from "../../lib/ui.js";
import { Csv, Figures, Loaded, seconds, useReport } from "./parts.js";

export function Never({ asked }) {
	const of = useReport("reports/never-answered", asked);
	return html`<${Loaded} of=${of}>${(data) => html`<${Figures} list=${[{ label: t("reports.never"), value: number(data.count), hint: t("reports.goal_0"), tone: data.count > 0 ? "bad" : "good" },
			{ label: t("reports.oldest_now"), value: data.items.length ? seconds(data.items[0].waiting_s) : "–" }]} />
		<${Table} caption=${t("reports.never_about")} rows=${data.items} isStack keyOf=${(r) => r.id} empty=${html`<${Empty} title=${t("reports.never_none")} />`} columns=${[
			{ title: t("reports.customer"), cell: (r) => html`<a href=${`/conversation/${r.id}`}><${Excerpt} text=${firstSeen(r.customer.name, r.customer.handle, r.id)} n=${80} /></a>` },
			{ title: t("reports.account"), cell: (r) => `${r.account} · ${platformName(r.platform)}` }, { title: t("reports.since"), cell: (r) => html`<${Time} at=${r.waiting_since} />` },
			{ title: t("reports.waits"), isNumber: true, cell: (r) => seconds(r.waiting_s) }, { title: t("reports.hard_stop"), cell: (r) => html`<${Time} at=${r.stop_at} />` },
			{ title: t("reports.holder"), cell: (r) => r.assignee ?? t("reports.nobody") }]} />
		${data.items.length > 0 && html`<div class="chart-acts"><${Csv} path="reports/never-answered" query=${asked} /></div>`}`}<//>`;
}
