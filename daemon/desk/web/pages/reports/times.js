/* Response times day by day: first or next answers, by the customer's clock or in office time, and how much of the promise was kept. */
import { html } from "../../lib/html.js";
import { number, t } from "../../lib/i18n.js";
import { dayBegins, daysOf } from "../../lib/span.js";
import { Empty } from "../../lib/ui.js";
import { Chart } from "./chart.js";
import { Choice, Figures, Loaded, seconds, share, useReport } from "./parts.js";

/* The columns of every table of response times, behind the one that says what of. */
export function timeColumns(head) {
	const part = (which, office) => [50, 90, 99].map((p) => ({
		title: t(office ? "reports.column_office" : "reports.column", { which: t(`reports.${which}`), p }), isNumber: true, cell: (r) => seconds(r[which][`${office ? "office_" : ""}p${p}_s`]) }));
	return [...head, { title: t("reports.answered"), isNumber: true, cell: (r) => number(r.count) }, { title: t("reports.open"), isNumber: true, cell: (r) => number(r.open) },
		{ title: t("reports.kept"), isNumber: true, cell: (r) => share(r.within.share) }, ...part("first", false), ...part("next", false), ...part("first", true), ...part("next", true)];
}

export function timeFigures(total) {
	const w = total.within, first = total.first;
	return [
		{ label: t("reports.kept"), value: share(w.share), hint: t("reports.kept_of", { kept: w.kept, all: w.kept + w.broken }), tone: w.share !== null && w.share < 0.9 ? "warn" : "" },
		{ label: t("reports.first_half"), value: seconds(first.p50_s), hint: t("reports.in_office", { span: seconds(first.office_p50_s) }) },
		{ label: t("reports.first_90"), value: seconds(first.p90_s), hint: t("reports.in_office", { span: seconds(first.office_p90_s) }) },
		{ label: t("reports.answered"), value: number(total.count), hint: t("reports.still_open", { n: total.open }) },
	];
}

/* What is looked at: first or next answers, and by which clock. */
export function Which({ query }) {
	return html`<div class="choices"><${Choice} label=${t("reports.which")} name="which" value=${query.which === "next" ? "next" : "first"} otherwise="first" options=${[["first", t("reports.first")], ["next", t("reports.next")]]} />
		<${Choice} label=${t("reports.clock")} name="clock" value=${query.clock === "office" ? "office" : "customer"} otherwise="customer" options=${[["customer", t("reports.clock_customer")], ["office", t("reports.clock_office")]]} /></div>`;
}

export function pick(query) {
	const which = query.which === "next" ? "next" : "first", office = query.clock === "office" ? "office_" : "";
	return { which, value: (row, p) => row[which][`${office}p${p}_s`], title: t(which === "next" ? "reports.next_answers" : "reports.first_answers") };
}

export function Times({ query, span, asked }) {
	const of = useReport("reports/response-times", { ...asked, by: "day" });
	const { value, title } = pick(query);
	return html`<${Which} query=${query} /><${Loaded} of=${of}>${(data) => {
		if (data.items.length === 0) {
			return html`<${Empty} title=${t("reports.nobody_waited")} />`;
		}
		const rows = new Map(data.items.map((r) => [r.key, r])), days = daysOf(span), x = days.map((d) => Date.parse(dayBegins(d, span.zone)) / 1000);
		const all = (read) => days.map((d) => rows.has(d) ? read(rows.get(d)) : null);
		const columns = timeColumns([{ title: t("reports.day"), cell: (r) => r.key }]);
		return html`<${Figures} list=${timeFigures(data.total)} />
			<${Chart} title=${title} about=${t("reports.times_about")} x=${x} zone=${span.zone} scale="log" format=${seconds} file="answerd-response-times"
				series=${[{ label: t("reports.p50"), tone: "accent", values: all((r) => value(r, 50)) },
					{ label: t("reports.p90"), tone: "warn", dash: "dashed", values: all((r) => value(r, 90)) },
					{ label: t("reports.p99"), tone: "bad", dash: "dotted", values: all((r) => value(r, 99)) }]}
				columns=${columns} rows=${data.items} csv=${{ path: "reports/response-times", query: { ...asked, by: "day" } }} />
			<${Chart} title=${t("reports.kept_by_day")} about=${t("reports.kept_about")} x=${x} zone=${span.zone} scale="share" format=${share} height=${180} file="answerd-promise"
				series=${[{ label: t("reports.kept"), tone: "good", values: all((r) => r.within.share) }]}
				columns=${[columns[0], { title: t("reports.kept"), isNumber: true, cell: (r) => share(r.within.share) }, { title: t("reports.kept_n"), isNumber: true, cell: (r) => number(r.within.kept) },
					{ title: t("reports.broken_n"), isNumber: true, cell: (r) => number(r.within.broken) }]} rows=${data.items} csv=${{ path: "reports/response-times", query: { ...asked, by: "day" } }} />`;
	}}<//>`;
}
