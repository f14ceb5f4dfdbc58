/* When in the week people begin to wait, and how long: a table whose cells say the number and are darker where it is longer. */
import { html, useRef } from "../../lib/html.js";
import { language, number, t } from "../../lib/i18n.js";
import { Button, Empty, toastRefusal } from "../../lib/ui.js";
import { color, keep, sheet } from "./chart.js";
import { Choice, Csv, Loaded, seconds, share, useReport } from "./parts.js";
import { Which, pick } from "./times.js";

/* Where it gets darker: seconds, and shares of the promise that was kept. */
const LIMITS = [900, 3600, 14_400, 43_200], SHARES = [0.99, 0.95, 0.9, 0.75];

/* ISO day of the week → its name. 2024-01-01 was a Monday. */
export function weekday(day, form = "short") {
	return new Intl.DateTimeFormat(language(), { weekday: form, timeZone: "UTC" }).format(Date.UTC(2024, 0, day));
}

/* "3h", "12m": as little as tells it. */
function tiny(s) {
	return s === null || s === undefined ? "" : s < 60 ? `${Math.round(s)}s` : s < 3540 ? `${Math.round(s / 60)}m` : s < 172_800 ? `${Math.round(s / 3600)}h` : `${Math.round(s / 86_400)}d`;
}

/* 0: nothing to say; 1 to 5: ever darker. */
function level(what, value, most) {
	if (value === null || value === undefined) {
		return 0;
	}
	return what === "n" ? Math.ceil(value / most * 5) : 1 + (what === "kept" ? SHARES.filter((s) => value < s) : LIMITS.filter((l) => value > l)).length;
}

/* The table as a picture, as it is drawn now: what the page shows is what the file shows. */
function picture(table, title, about) {
	const ratio = devicePixelRatio || 1, cell = { w: 36 * ratio, h: 28 * ratio }, left = 64 * ratio, top = 76 * ratio;
	const { out, g } = sheet(left + 24 * cell.w + 12 * ratio, top + 7 * cell.h + 12 * ratio, title, ratio);
	g.fillStyle = color("ink-soft");
	g.fillText(about, 12 * ratio, 42 * ratio, out.width - 24 * ratio);
	[...table.rows].forEach((row, y) => [...row.cells].forEach((one, x) => {
		const style = getComputedStyle(one), at = { x: x === 0 ? 12 * ratio : left + (x - 1) * cell.w, y: top + (y - 1) * cell.h };
		if (y > 0 && x > 0) {
			g.fillStyle = style.backgroundColor;
			g.fillRect(at.x, at.y, cell.w - ratio, cell.h - ratio);
			g.strokeStyle = color("line");
			g.lineWidth = ratio;
			g.strokeRect(at.x, at.y, cell.w - ratio, cell.h - ratio);
		}
		g.fillStyle = style.color;
		g.textAlign = x === 0 ? "left" : "center";
		g.fillText(x === 0 && y === 0 ? "" : one.textContent, x === 0 ? at.x : at.x + cell.w / 2, at.y + 18 * ratio, x === 0 ? left - 16 * ratio : cell.w - 2 * ratio);
	}));
	return keep(out, "answerd-hours");
}

export function Hours({ query, span, asked }) {
	const of = useReport("reports/response-times", { ...asked, by: "hour" });
	const box = useRef(null);
	const what = ["p90", "n", "kept"].includes(query.cell) ? query.cell : "p50";
	const { value, title } = pick(query);
	const read = (r) => what === "n" ? r.count + r.open : what === "kept" ? r.within.share : value(r, what === "p90" ? 90 : 50);
	const say = (v) => what === "n" ? number(v) : what === "kept" ? share(v) : seconds(v);
	return html`<${Which} query=${query} />
		<${Choice} label=${t("reports.cell")} name="cell" value=${what} otherwise="p50" options=${[["p50", t("reports.p50")], ["p90", t("reports.p90")], ["n", t("reports.began")], ["kept", t("reports.kept")]]} />
		<${Loaded} of=${of}>${(data) => {
		if (data.items.length === 0) {
			return html`<${Empty} title=${t("reports.nobody_waited")} />`;
		}
		const rows = new Map(data.items.map((r) => [r.key, r])), most = Math.max(...data.items.map((r) => r.count + r.open));
		const cell = (day, hour) => {
			const r = rows.get(`${day}-${String(hour).padStart(2, "0")}`);
			if (!r) {
				return html`<td class="heat-none"></td>`;
			}
			const v = read(r);
			return html`<td class=${`heat-${level(what, v, most)}`} title=${t("reports.hour_title", { day: weekday(day, "long"), from: hour, to: hour + 1, value: say(v), n: r.count + r.open })}>${
				what === "n" ? v : what === "kept" ? (v === null ? "" : Math.floor(v * 100)) : tiny(v)}</td>`;
		};
		const heading = what === "n" || what === "kept" ? t("reports.by_hour", { title: t(what === "n" ? "reports.began" : "reports.kept") }) : t("reports.by_hour_of", { title, cell: t(`reports.${what}`) });
		const about = `${t("reports.hours_about", { zone: span.zone })} ${t(what === "n" ? "reports.heat_n" : what === "kept" ? "reports.heat_kept" : "reports.heat_time")}`;
		return html`<figure class="chart"><figcaption><h2>${heading}</h2>
				<p class="hint">${about} ${what !== "n" && t("reports.heat_nobody")}</p></figcaption>
			<div class="table-frame" role="region" tabindex="0" aria-label=${t("reports.hours")}><table class="heat" ref=${box}><caption class="unseen">${t("reports.hours")}</caption>
				<thead><tr><th scope="col"><span class="unseen">${t("reports.day")}</span></th>${[...Array(24).keys()].map((h) => html`<th scope="col">${h}</th>`)}</tr></thead>
				<tbody>${[1, 2, 3, 4, 5, 6, 7].map((d) => html`<tr><th scope="row">${weekday(d)}</th>${[...Array(24).keys()].map((h) => cell(d, h))}</tr>`)}</tbody></table></div>
			<div class="chart-acts"><${Button} onClick=${() => picture(box.current, heading, about).catch(toastRefusal)}>${t("reports.png")}<//><${Csv} path="reports/response-times" query=${{ ...asked, by: "hour" }} /></div></figure>`;
	}}<//>`;
}
