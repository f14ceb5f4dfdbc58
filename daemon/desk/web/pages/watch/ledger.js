/* The ledger: every message to us has one fate, and the sum says so. */
import { html } from "../../lib/html.js";
import { number, t } from "../../lib/i18n.js";
import * as time from "../../lib/time.js";
import { setQuery } from "../../lib/router.js";
import { Field, Foreign, Icon, Table, Time, Told } from "../../lib/ui.js";
import { Loaded, useReport } from "../reports/parts.js";
import { Picker, useBrands, useSpan } from "../reports/picker.js";

const FATES = ["answered", "dismissed", "deleted", "spam", "waiting"];

function Sum({ of: l }) {
	const sum = FATES.reduce((n, f) => n + l[f], 0), adds = sum === l.received;
	let x = 0;
	return html`<div class="ledger"><p class="ledger-sum"><span class="ledger-part whole"><b>${number(l.received)}</b><span>${t("watch.received")}</span></span><span class="ledger-sign" aria-hidden="true">=</span>
			${FATES.map((f, i) => html`${i > 0 && html`<span class="ledger-sign" aria-hidden="true">+</span>`}<span class=${`ledger-part fate-${f}`}><b>${number(l[f])}</b><span>${t(`watch.fate_${f}`)}</span></span>`)}</p>
		<svg class="ledger-bar" width="100%" height="24" aria-hidden="true">${FATES.map((f) => {
			const width = l.received === 0 ? 0 : l[f] / l.received * 100, at = x;
			x += width;
			return width > 0 && html`<rect class=${`fate-${f}`} x=${`${at}%`} width=${`${width}%`} height="24"><title>${t(`watch.fate_${f}`)}: ${number(l[f])}</title></rect>`;
		})}</svg>
		<p class=${adds ? "good" : "bad"}><${Icon} name=${adds ? "check" : "alarm"} /> ${adds ? t("watch.adds_up", { n: sum }) : t("watch.adds_not", { n: l.received, sum })}</p>
		<p class="hint">${t("watch.overheard", { n: l.overheard })}</p></div>`;
}

export function Ledger({ query }) {
	const span = useSpan(query);
	const brands = useBrands() ?? [];
	const accounts = brands.filter((b) => !span?.brand || b.name === span.brand).flatMap((b) => b.accounts.map((a) => a.name));
	const account = accounts.includes(query.account) ? query.account : null;
	const of = useReport(span === null ? null : "ledger", { from: span?.from, to: span?.to, brand: span?.brand, account });
	if (span === null) {
		return html`<p class="loading" role="status">${t("reports.loading")}</p>`;
	}
	return html`<${Picker} span=${span}>${accounts.length > 1 && html`<${Field} label=${t("reports.account")}><select value=${account ?? ""} onChange=${(e) => setQuery({ account: e.target.value })}>
			<option value="">${t("watch.all_accounts")}</option>${[...new Set(accounts)].map((a) => html`<option value=${a}>${a}</option>`)}</select><//>`}<//>
		<${Loaded} of=${of}>${(l) => html`<${Sum} of=${l} />
			<${Table} caption=${t("watch.heard_of_it")} rows=${l.heard} isStack keyOf=${(h) => `${h.brand} ${h.account}`} columns=${[{ title: t("reports.account"), cell: (h) => h.account },
				{ title: t("watch.heard_share"), isNumber: true, cell: (h) => h.percent === null ? "–" : `${number(Number(h.percent), { maximumFractionDigits: 2 })} %` },
				{ title: t("watch.holes"), cell: (h) => h.holes.length === 0 ? t("watch.none") : html`<ul>${h.holes.slice(0, 10).map((o) => html`<li><${Foreign} text=${o.source} />: <${Time} at=${o.from} /> – <${Time} at=${o.until} /> (${time.span((time.ms(o.until) - time.ms(o.from)) / 1000)}), <${Told} text=${o.why} parts=${o.why_parts} /></li>`)}
					${h.holes.length > 10 && html`<li>${t("watch.and_more", { n: h.holes.length - 10 })}</li>`}</ul>` }]} />`}<//>`;
}
