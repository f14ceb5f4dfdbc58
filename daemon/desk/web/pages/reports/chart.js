/* A chart (uPlot, on a canvas) with its legend, a table behind it, and as a picture. Series differ in dash and shape, not in colour
 * alone; colours are those of the page, light or dark. uPlot is fetched with the reports' page. */
import { html, useEffect, useRef, useState } from "../../lib/html.js";
import { t } from "../../lib/i18n.js";
import { save } from "../../lib/save.js";
import { Button, toastRefusal } from "../../lib/ui.js";
import uPlot from "../../modules/uplot.js";
import { Behind, Csv } from "./parts.js";

const DASHES = { solid: [], dashed: [8, 4], dotted: [2, 3], dashdot: [8, 3, 2, 3] };
/* Where a log axis of seconds has its lines. */
const STEPS = [1, 10, 60, 300, 900, 3600, 14_400, 28_800, 86_400, 259_200, 604_800, 2_592_000];
const FONT = "12px system-ui, sans-serif";

export function color(name) {
	return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function scaleOf(kind) {
	if (kind === "log") {
		return { distr: 3, range: (u, min, max) => [Math.max(1, (min ?? 60) * 0.6), Math.max(120, (max ?? 3600) * 1.6)] };
	}
	return kind === "share" ? { range: [0, 1] } : { range: (u, min, max) => [0, Math.max(max ?? 0, 4) * 1.1] };
}

/* Lines below the chart: days for what is said day by day. */
const DAYS = [1, 2, 7, 14, 30, 61, 91, 182, 365].map((n) => n * 86_400);

function tick(at, zone, incr) {
	const form = (options) => new Intl.DateTimeFormat(document.documentElement.lang, { timeZone: zone, ...options }).format(new Date(at * 1000));
	return incr >= 80_000 ? form({ day: "numeric", month: "short" }) : form({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

/* Is there one value a day, or fewer? The last step may be shorter: until now. */
const isDailyOf = (x) => x.length > 1 && x[1] - x[0] > 80_000;

function optionsOf({ x, series, categories, zone, scale, format, height }, width, onCursor) {
	const isDaily = !categories && isDailyOf(x);
	const axis = { stroke: color("ink-soft"), font: FONT, grid: { stroke: color("line"), width: 1 }, ticks: { stroke: color("line"), width: 1 } };
	const bars = uPlot.paths.bars({ size: [0.6, 48] });
	return {
		width, height, legend: { show: false }, cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
		tzDate: (at) => uPlot.tzDate(new Date(at * 1000), zone),
		scales: { x: { time: !categories, range: categories ? [-0.6, categories.length - 0.4] : undefined }, y: scaleOf(scale) },
		axes: [
			{ ...axis, ...(categories ? { splits: () => categories.map((c, i) => i), values: () => categories, grid: { show: false } }
				: { incrs: isDaily ? DAYS : undefined, space: 72, values: (u, splits, i, space, incr) => splits.map((at) => tick(at, zone, incr)) }) },
			{ ...axis, size: 72, values: (u, splits) => splits.map((s) => s === null ? "" : format(s)),
				...(scale === "log" ? { filter: (u, splits) => splits, splits: (u, i, min, max) => STEPS.filter((s) => s >= min && s <= max) } : {}) },
		],
		series: [{}, ...series.map((s) => ({
			label: s.label, stroke: color(s.tone), width: 2, dash: DASHES[s.dash ?? "solid"], spanGaps: false, points: { show: categories !== undefined || x.length <= 62, size: 5, fill: color(s.tone) },
			...(s.kind === "bar" ? { paths: bars, fill: color(s.tone), points: { show: false }, width: 0 } : {}), ...(s.kind === "dot" ? { paths: () => null, points: { show: true, size: s.isFull ? 8 : 14, width: 2, fill: s.isFull ? color(s.tone) : "transparent" } } : {}),
		}))],
		hooks: { setCursor: [(u) => onCursor(u.cursor.idx ?? null)] },
	};
}

/* A sample of how a series is drawn. */
function Sample({ of: s }) {
	return html`<svg class=${`sample tone-${s.tone}`} width="28" height="12" aria-hidden="true">${s.kind === "bar" ? html`<rect x="8" y="1" width="12" height="10" />`
		: s.kind === "dot" ? html`<circle class=${s.isFull ? "full" : ""} cx="14" cy="6" r="4" />` : html`<line x1="0" x2="28" y1="6" y2="6" stroke-dasharray=${(DASHES[s.dash ?? "solid"] ?? []).join(" ") || null} />`}</svg>`;
}

/* The canvas with a ground, title and legend, as a file. */
function picture(canvas, title, series, file) {
	const ratio = devicePixelRatio || 1, head = 56 * ratio;
	const { out, g } = sheet(canvas.width, canvas.height + head, title, ratio);
	let x = 12 * ratio;
	for (const s of series) {
		g.strokeStyle = g.fillStyle = color(s.tone);
		g.lineWidth = 2 * ratio;
		g.setLineDash((DASHES[s.dash ?? "solid"]).map((d) => d * ratio));
		g.beginPath();
		g.moveTo(x, 40 * ratio);
		g.lineTo(x + 28 * ratio, 40 * ratio);
		g.stroke();
		g.fillStyle = color("ink");
		g.fillText(s.label, x + 34 * ratio, 44 * ratio);
		x += 54 * ratio + g.measureText(s.label).width;
	}
	g.drawImage(canvas, 0, head);
	return keep(out, file);
}

/* A ground with a title, to be drawn on. */
export function sheet(width, height, title, ratio = devicePixelRatio || 1) {
	const out = document.createElement("canvas");
	out.width = width;
	out.height = height;
	const g = out.getContext("2d");
	g.fillStyle = color("paper");
	g.fillRect(0, 0, out.width, out.height);
	g.fillStyle = color("ink");
	g.font = `600 ${15 * ratio}px system-ui, sans-serif`;
	g.fillText(title, 12 * ratio, 22 * ratio, out.width - 24 * ratio);
	g.font = `${12 * ratio}px system-ui, sans-serif`;
	return { out, g };
}

/* As a file. */
export function keep(out, file) {
	return new Promise((resolve, reject) => out.toBlob((blob) => {
		if (blob === null) {
			reject(new Error(t("reports.no_picture")));
			return;
		}
		save(blob, `${file}.png`);
		resolve();
	}, "image/png"));
}

/* title, about: words; x: seconds since 1970, or categories: words; series: [{ label, values, tone, dash, kind }]; scale: "log" (seconds),
 * "share" or "count"; format: value → words; columns, rows: the table; csv: { path, query }; file: name of the picture. */
export function Chart({ title, about, x, categories, series, zone = "UTC", scale = "count", format, height = 240, columns, rows, csv, file }) {
	const box = useRef(null), plot = useRef(null);
	const [at, setAt] = useState(null);
	const data = [categories ? categories.map((c, i) => i) : x, ...series.map((s) => s.values.map((v) => v === null || v === undefined ? null : scale === "log" ? Math.max(v, 1) : v))];
	const shape = JSON.stringify([data, categories, scale, zone, series.map((s) => [s.label, s.tone])]);
	useEffect(() => {
		const draw = () => {
			plot.current?.destroy();
			plot.current = new uPlot(optionsOf({ x, series, categories, zone, scale, format, height }, Math.max(200, box.current.clientWidth), setAt), data, box.current);
		};
		draw();
		let width = box.current.clientWidth;
		const size = new ResizeObserver(() => {
			if (box.current && box.current.clientWidth !== width) {
				width = box.current.clientWidth;
				plot.current.setSize({ width: Math.max(200, width), height });
			}
		});
		size.observe(box.current);
		const dark = matchMedia("(prefers-color-scheme: dark)"), looks = new MutationObserver(draw);
		dark.addEventListener("change", draw);
		looks.observe(document.documentElement, { attributes: true, attributeFilter: ["data-look"] });
		return () => {
			size.disconnect();
			looks.disconnect();
			dark.removeEventListener("change", draw);
			plot.current?.destroy();
			plot.current = null;
		};
	}, [shape]);
	const shown = at === null ? null : categories ? categories[at] : x[at] === undefined ? null : new Intl.DateTimeFormat(document.documentElement.lang, { timeZone: zone, dateStyle: "medium", timeStyle: isDailyOf(x) ? undefined : "short" }).format(new Date(x[at] * 1000));
	return html`<figure class="chart"><figcaption><h2>${title}</h2>${about && html`<p class="hint">${about}</p>`}</figcaption>
		<div class="plot" role="img" aria-label=${t("reports.chart_label", { title })} ref=${box}></div>
		<ul class="legend">${series.map((s) => html`<li key=${s.label}><${Sample} of=${s} /><span>${s.label}</span>${shown !== null && html`<b>${s.values[at] === null || s.values[at] === undefined ? "–" : format(s.values[at])}</b>`}</li>`)}
			<li class="legend-at">${shown ?? ""}</li></ul>
		<div class="chart-acts"><${Button} onClick=${() => picture(box.current.querySelector("canvas"), title, series, file).catch(toastRefusal)}>${t("reports.png")}<//>
			${csv && html`<${Csv} path=${csv.path} query=${csv.query} />`}</div>
		<${Behind} caption=${title} columns=${columns} rows=${rows} keyOf=${(r, i) => i} /></figure>`;
}
