/* Reports: how long people waited, against the promise; by platform, account, hour of the week and (where allowed) staff; who waited
 * over time, who was never answered, and how much we talk. One view at a time: each asks the desk for one or two reports. */
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { Picker, useSpan } from "./reports/picker.js";
import { Tabs } from "./reports/parts.js";
import { Times } from "./reports/times.js";
import { Where } from "./reports/where.js";
import { Hours } from "./reports/hours.js";
import { Waiting } from "./reports/waiting.js";
import { Never } from "./reports/never.js";
import { Talk } from "./reports/talk.js";
import { Staff } from "./reports/staff.js";

const VIEWS = { times: Times, where: Where, hours: Hours, waiting: Waiting, never: Never, talk: Talk, staff: Staff };

export default function Reports({ query }) {
	const span = useSpan(query);
	const here = Object.hasOwn(VIEWS, query.show ?? "") ? query.show : "times";
	const View = VIEWS[here];
	return html`<div class="report-page"><h1>${t("reports.title")}</h1>
		<${Tabs} label=${t("reports.title")} here=${here} tabs=${Object.keys(VIEWS).map((name) => ({ name, label: t(`reports.${name}`) }))} />
		${span === null ? html`<p class="loading" role="status">${t("reports.loading")}</p>`
			: html`<${Picker} span=${span} /><div key=${here}><${View} query=${query} span=${span} asked=${{ from: span.from, to: span.to, brand: span.brand }} /></div>`}</div>`;
}
