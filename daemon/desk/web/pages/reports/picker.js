/* Which span of time, and whose: days by the brand's clock. What is chosen stands in the address. */
import { html, useEffect, useState } from "../../lib/html.js";
import { cell, useCell } from "../../lib/cell.js";
import { t } from "../../lib/i18n.js";
import { setQuery } from "../../lib/router.js";
import { SPANS, spanOf } from "../../lib/span.js";
import * as api from "../../lib/api.js";
import * as time from "../../lib/time.js";
import { Button, Field, toastRefusal } from "../../lib/ui.js";

const brands = cell(null);

/* The brands, once for all pages: null until they are known. */
export function useBrands() {
	useEffect(() => {
		if (brands.get() === null) {
			api.get("brands").then((got) => brands.set(got.items), toastRefusal);
		}
	}, []);
	return useCell(brands);
}

/* → { from, to, brand, zone, name, fromDay, toDay }, or null until the brands are known. */
export function useSpan(query, otherwise) {
	const all = useBrands();
	if (all === null) {
		return null;
	}
	const brand = all.find((b) => b.name === query.brand) ?? null;
	const zones = [...new Set((brand ? [brand] : all).map((b) => b.timezone))];
	const zone = zones.length === 1 ? zones[0] : "UTC";
	return { ...spanOf(query, zone, time.now(), otherwise), brand: brand?.name ?? null, zone };
}

export function Picker({ span, children }) {
	const all = useBrands() ?? [];
	const [days, setDays] = useState({ from: span.fromDay, to: span.toDay });
	useEffect(() => setDays({ from: span.fromDay, to: span.toDay }), [span.fromDay, span.toDay]);
	const isRight = days.from !== "" && days.to !== "" && days.from <= days.to;
	return html`<form class="picker" aria-label=${t("reports.span")} onSubmit=${(e) => { e.preventDefault(); isRight && setQuery({ span: null, from: days.from, to: days.to }); }}>
		<div class="picker-spans" role="group" aria-label=${t("reports.span")}>${Object.keys(SPANS).map((name) => html`<${Button} key=${name} aria-pressed=${String(span.name === name)}
			onClick=${() => setQuery({ span: name, from: null, to: null })}>${t(`reports.span_${name}`)}<//>`)}</div>
		<${Field} label=${t("reports.from")}><input type="date" value=${days.from} max=${days.to} onInput=${(e) => setDays({ ...days, from: e.target.value })} /><//>
		<${Field} label=${t("reports.to")}><input type="date" value=${days.to} min=${days.from} onInput=${(e) => setDays({ ...days, to: e.target.value })} /><//>
		<${Button} type="submit" disabled=${!isRight} why=${t("reports.days_wrong")}>${t("reports.show")}<//>
		${all.length > 1 && html`<${Field} label=${t("reports.brand")}><select value=${span.brand ?? ""} onChange=${(e) => setQuery({ brand: e.target.value })}>
			<option value="">${t("reports.all_brands")}</option>${all.map((b) => html`<option value=${b.name}>${b.name}</option>`)}</select><//>`}
		${children}
		<p class="hint picker-zone">${t("reports.zone", { zone: span.zone })}</p></form>`;
}
