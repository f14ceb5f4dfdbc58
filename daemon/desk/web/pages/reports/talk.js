/* Listening is more important than talking: what was heard, what was said, and how much of the time was listened at all. */
import { html } from "../../lib/html.js";
import { number, t } from "../../lib/i18n.js";
import { dayBegins, daysOf } from "../../lib/span.js";
import { Table } from "../../lib/ui.js";
import { Chart } from "./chart.js";
import { Csv, Figures, Loaded, useReport } from "./parts.js";

const sum = (rows, name) => rows.reduce((n, r) => n + r[name], 0);
const many = (n) => n === null ? "–" : number(n, { maximumFractionDigits: 2 });

export function Talk({ span, asked }) {
	const accounts = useReport("reports/talk-listen", { ...asked, by: "account" });
	const days = useReport("reports/talk-listen", { ...asked, by: "day" });
	const all = (data, name) => {
		const rows = new Map(data.items.map((r) => [r.key, r]));
		return daysOf(span).map((d) => rows.get(d)?.[name] ?? 0);
	};
	const columns = (head) => [...head, ...["heard_to_us", "overheard", "replies", "broadcasts"].map((name) => ({ title: t(`reports.${name}`), isNumber: true, cell: (r) => number(r[name]) })),
		{ title: t("reports.per_broadcast"), isNumber: true, cell: (r) => many(r.replies_per_broadcast) }];
	return html`<${Loaded} of=${accounts}>${(data) => {
		const replies = sum(data.items, "replies"), broadcasts = sum(data.items, "broadcasts"), heard = data.items.map((r) => r.listened_percent).filter((p) => p !== null);
		return html`<${Figures} list=${[{ label: t("reports.heard_to_us"), value: number(sum(data.items, "heard_to_us")) }, { label: t("reports.replies"), value: number(replies) },
				{ label: t("reports.per_broadcast"), value: broadcasts ? many(replies / broadcasts) : "–", hint: t("reports.broadcasts_n", { n: broadcasts }) },
				{ label: t("reports.listened"), value: heard.length ? `${many(Math.min(...heard))} %` : "–", hint: t("reports.listened_about") }]} />
			<${Table} isStack caption=${t("reports.by_account", { title: t("reports.talk") })} rows=${data.items} keyOf=${(r) => `${r.brand} ${r.key}`} columns=${[...columns([{ title: t("reports.brand"), cell: (r) => r.brand },
				{ title: t("reports.account"), cell: (r) => r.key }]), { title: t("reports.listened"), isNumber: true, cell: (r) => r.listened_percent === null ? "–" : `${many(r.listened_percent)} %` }]} />
			<div class="chart-acts"><${Csv} path="reports/talk-listen" query=${{ ...asked, by: "account" }} /></div>`;
	}}<//>
	<${Loaded} of=${days}>${(data) => data.items.length > 0 && html`<${Chart} title=${t("reports.talk_by_day")} x=${daysOf(span).map((d) => Date.parse(dayBegins(d, span.zone)) / 1000)} zone=${span.zone} format=${(v) => number(Math.round(v))}
		file="answerd-talk-listen" csv=${{ path: "reports/talk-listen", query: { ...asked, by: "day" } }} rows=${data.items} columns=${columns([{ title: t("reports.day"), cell: (r) => r.key }])}
		series=${[{ label: t("reports.heard_to_us"), tone: "accent", values: all(data, "heard_to_us") }, { label: t("reports.replies"), tone: "good", dash: "dashed", values: all(data, "replies") },
			{ label: t("reports.broadcasts"), tone: "warn", dash: "dotted", values: all(data, "broadcasts") }]} />`}<//>`;
}
