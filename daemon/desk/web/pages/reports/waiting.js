/* How many waited, and how long the oldest had, hour by hour, day by day or week by week. */
import { html } from "../../lib/html.js";
import { number, t } from "../../lib/i18n.js";
import { Time } from "../../lib/ui.js";
import { Chart } from "./chart.js";
import { Figures, Loaded, seconds, useReport } from "./parts.js";

export function Waiting({ span, asked }) {
	const of = useReport("reports/waiting", asked);
	return html`<${Loaded} of=${of}>${(data) => {
		const x = data.items.map((r) => Date.parse(r.at) / 1000), last = data.items[data.items.length - 1];
		const columns = [{ title: t("reports.at"), cell: (r) => html`<${Time} at=${r.at} />` }, { title: t("reports.waiting_n"), isNumber: true, cell: (r) => number(r.waiting) },
			{ title: t("reports.oldest"), isNumber: true, cell: (r) => seconds(r.oldest_s) }, { title: t("reports.began"), isNumber: true, cell: (r) => number(r.began) },
			{ title: t("reports.answered"), isNumber: true, cell: (r) => number(r.answered) }, { title: t("reports.dismissed"), isNumber: true, cell: (r) => number(r.dismissed) },
			{ title: t("reports.deleted"), isNumber: true, cell: (r) => number(r.deleted) }];
		const more = { columns, rows: data.items, csv: { path: "reports/waiting", query: asked }, x, zone: span.zone };
		return html`<${Figures} list=${[{ label: t("reports.waiting_now"), value: number(last.waiting) }, { label: t("reports.oldest_now"), value: seconds(last.oldest_s) },
				{ label: t("reports.most_waited"), value: number(Math.max(...data.items.map((r) => r.waiting))) },
				{ label: t("reports.longest"), value: seconds(data.items.reduce((m, r) => r.oldest_s === null ? m : Math.max(m ?? 0, r.oldest_s), null)) }]} />
			<${Chart} ...${more} title=${t("reports.waiting_over_time")} about=${t(`reports.step_${data.step}`)} format=${(v) => number(Math.round(v))} file="answerd-waiting"
				series=${[{ label: t("reports.waiting_n"), tone: "accent", values: data.items.map((r) => r.waiting) }, { label: t("reports.began"), tone: "warn", dash: "dashed", values: data.items.map((r) => r.began) },
					{ label: t("reports.answered"), tone: "good", dash: "dotted", values: data.items.map((r) => r.answered) }]} />
			<${Chart} ...${more} title=${t("reports.oldest")} scale="log" format=${seconds} height=${180} file="answerd-oldest-wait"
				series=${[{ label: t("reports.oldest"), tone: "bad", values: data.items.map((r) => r.oldest_s) }]} />`;
	}}<//>`;
}
