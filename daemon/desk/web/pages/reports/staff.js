/* Response times by member of staff: only where the configuration allows it, by name, and never as a ranking. */
import { html } from "../../lib/html.js";
import { t } from "../../lib/i18n.js";
import { Banner, Empty } from "../../lib/ui.js";
import { Loaded, useReport } from "./parts.js";
import { ByKey } from "./where.js";
import { Which, pick } from "./times.js";

export function Staff({ query, asked }) {
	const of = useReport("reports/response-times", { ...asked, by: "staff" });
	if (of.error?.status === 403) {
		return html`<${Empty} title=${t("reports.staff_off")}><p>${of.error.message}</p><//>`;
	}
	const name = (r) => r.key === "native" ? t("reports.native") : r.key;
	return html`<${Banner} tone="calm">${t("reports.staff_about")}<//><${Which} query=${query} />
		<${Loaded} of=${of}>${(data) => data.items.length === 0 ? html`<${Empty} title=${t("reports.nobody_waited")} />`
			: html`<${ByKey} data=${data} query=${query} title=${t("reports.by_staff", { title: pick(query).title })} name=${name} head=${[{ title: t("reports.who"), cell: name }]}
				csv=${{ path: "reports/response-times", query: { ...asked, by: "staff" } }} file="answerd-staff" />`}<//>`;
}
