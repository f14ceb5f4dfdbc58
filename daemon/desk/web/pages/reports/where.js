/* Response times by platform and by account. */
import { html } from "../../lib/html.js";
import { t } from "../../lib/i18n.js";
import { platformName } from "../../lib/names.js";
import { Empty } from "../../lib/ui.js";
import { Chart } from "./chart.js";
import { Loaded, seconds, useReport } from "./parts.js";
import { Which, pick, timeColumns } from "./times.js";

/* One chart of categories: half, nine of ten, 99 of 100. */
export function ByKey({ data, query, title, head, name, csv, file }) {
	const { value } = pick(query);
	return html`<${Chart} title=${title} categories=${data.items.map(name)} scale="log" format=${seconds} file=${file}
		series=${[{ label: t("reports.p50"), tone: "accent", kind: "bar", values: data.items.map((r) => value(r, 50)) },
			{ label: t("reports.p90"), tone: "warn", kind: "dot", isFull: true, values: data.items.map((r) => value(r, 90)) },
			{ label: t("reports.p99"), tone: "bad", kind: "dot", values: data.items.map((r) => value(r, 99)) }]}
		columns=${timeColumns(head)} rows=${data.items} csv=${csv} />`;
}

export function Where({ query, asked }) {
	const platforms = useReport("reports/response-times", { ...asked, by: "platform" });
	const accounts = useReport("reports/response-times", { ...asked, by: "account" });
	const { title } = pick(query);
	return html`<${Which} query=${query} />
		<${Loaded} of=${platforms}>${(data) => data.items.length === 0 ? html`<${Empty} title=${t("reports.nobody_waited")} />`
			: html`<${ByKey} data=${data} query=${query} title=${t("reports.by_platform", { title })} name=${(r) => platformName(r.key)} head=${[{ title: t("reports.platform"), cell: (r) => platformName(r.key) }]}
				csv=${{ path: "reports/response-times", query: { ...asked, by: "platform" } }} file="answerd-platforms" />`}<//>
		<${Loaded} of=${accounts}>${(data) => data.items.length > 0 && html`<${ByKey} data=${data} query=${query} title=${t("reports.by_account", { title })} name=${(r) => r.key}
			head=${[{ title: t("reports.brand"), cell: (r) => r.brand }, { title: t("reports.account"), cell: (r) => r.key }, { title: t("reports.platform"), cell: (r) => platformName(r.platform) }]}
			csv=${{ path: "reports/response-times", query: { ...asked, by: "account" } }} file="answerd-accounts" />`}<//>`;
}
