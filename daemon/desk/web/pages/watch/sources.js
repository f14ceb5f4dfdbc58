/* Every source: is it heard, since when, and on a line of time what of it was; a hole is seen however short it is, and stands in the
 * table below with its reason. */
import { html } from "../../lib/html.js";
import { has, language, number, t } from "../../lib/i18n.js";
import * as api from "../../lib/api.js";
import { platformName } from "../../lib/names.js";
import * as time from "../../lib/time.js";
import { said } from "../../lib/said.js";
import { within } from "../../lib/text.js";
import { Badge, Empty, Foreign, Table, Time, Told, useTicking } from "../../lib/ui.js";
import { Behind, Loaded, seconds } from "../reports/parts.js";
import { Picker, useSpan } from "../reports/picker.js";
import { useLive } from "./live.js";

const LEAST = 0.35; /* percent: what is shorter is drawn as long as this */
const GAPS = { lost: "hole-lost", open: "hole-open", behind: "hole-open", before: "hole-before" };

/* Percent of the way from `from` to `to`. */
const part = (at, from, to) => Math.min(100, Math.max(0, (time.ms(at) - from) / (to - from) * 100));

function bars(list, from, to, least = 0) {
	return list.map((s) => {
		const a = part(s.from, from, to), long = Math.max(part(s.until, from, to) - a, least);
		return { ...s, x: Math.min(a, 100 - long), width: long };
	});
}

/* Marks of what cannot be drawn in colour alone: hatched is missing, crossed is lost. Once a page. */
function Patterns() {
	return html`<svg width="0" height="0" aria-hidden="true" class="patterns"><defs>
		<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch-ground" width="6" height="6" /><line class="hatch-line" x1="0" y1="0" x2="0" y2="6" stroke-width="5" /></pattern>
		<pattern id="cross" width="8" height="8" patternUnits="userSpaceOnUse"><rect class="cross-ground" width="8" height="8" /><path class="cross-line" d="M0 0L8 8M8 0L0 8" stroke-width="1.5" /></pattern></defs></svg>`;
}

function Line({ of: s, from, to }) {
	const holes = s.gaps.filter((g) => g.state !== "before"), missing = s.gaps.reduce((n, g) => n + (time.ms(g.until) - time.ms(g.from)) / 1000, 0);
	const share = 1 - missing * 1000 / (to - from);
	const label = t("watch.line", { source: s.source, account: s.account, share: number(Math.floor(share * 10_000) / 10_000, { style: "percent", maximumFractionDigits: 2 }), n: holes.length });
	return html`<svg class="line" width="100%" height="28" role="img" aria-label=${label}>
		<line class="line-ground" x1="0" x2="100%" y1="14" y2="14" />
		${bars(s.spans, from, to).map((b) => html`<rect class="heard" x=${`${b.x}%`} width=${`${b.width}%`} y="6" height="16"><title>${t("watch.heard_span", { from: time.clock(b.from), until: time.clock(b.until) })}</title></rect>`)}
		${bars(s.gaps, from, to, LEAST).map((b) => html`<rect class=${GAPS[b.state]} x=${`${b.x}%`} width=${`${b.width}%`} y=${b.state === "before" ? 12 : 1} height=${b.state === "before" ? 4 : 26}>
			<title>${t(`watch.gap_${b.state}`)}: ${time.clock(b.from)} – ${time.clock(b.until)} ${within(said(b.reason_parts))}</title></rect>`)}</svg>`;
}

function Ticks({ from, to, zone }) {
	const form = new Intl.DateTimeFormat(language(), { timeZone: zone, ...(to - from > 3 * 86_400_000 ? { day: "numeric", month: "short" } : { weekday: "short", hour: "2-digit", minute: "2-digit" }) });
	return html`<svg class="ticks" width="100%" height="20" aria-hidden="true">${[0, 25, 50, 75, 100].map((p) => html`<g class=${p % 50 === 0 ? "" : "tick-wide"}><line x1=${`${p}%`} x2=${`${p}%`} y1="0" y2="4" />
		<text x=${`${p}%`} y="17" text-anchor=${p === 0 ? "start" : p === 100 ? "end" : "middle"}>${form.format(from + (to - from) * p / 100)}</text></g>`)}</svg>`;
}

/* "4 min ago", ticking. */
function Ago({ at }) {
	useTicking();
	return html`<${Time} at=${at} form="fromNow" />`;
}

function State({ of: s }) {
	const isWell = s.state === "listening";
	return html`<${Badge} tone=${isWell ? "good" : s.state === "off" || s.state === "new" ? "calm" : "bad"} icon=${isWell ? "check" : "alarm"}>${isWell ? t("watch.is_heard") : s.state === "off" ? t("watch.is_off") : s.state === "new" ? t("watch.is_new") : t("watch.is_deaf", { state: has(`watch.trouble_${s.state}`) ? t(`watch.trouble_${s.state}`) : s.state })}<//>`;
}

function Source({ of: s, line, from, to }) {
	return html`<li class="source"><div class="source-head"><strong><${Foreign} text=${s.source} /></strong><span><${Foreign} text=${s.account} /> · ${platformName(s.platform)}</span><${State} of=${s} />
			<span class="hint">${s.heard_at === null ? t("watch.never_heard") : html`${t("watch.heard_at")} <${Ago} at=${s.heard_at} />`}${s.every_s !== null && ` · ${s.achieved_s === null ? t("watch.every_only", { every: seconds(s.every_s) }) : t("watch.every", { every: seconds(s.every_s), achieved: seconds(s.achieved_s) })}`}</span></div>
		${line && html`<${Line} of=${line} from=${from} to=${to} />`}
		${(s.reason || (s.failures > 0 && s.failure)) && html`<p class="card-why">${s.reason && html`<${Told} text=${s.reason} parts=${s.reason_parts} />`} ${s.failures > 0 ? t("watch.failed", { n: s.failures, why: s.failure ?? "" }) : ""}</p>`}
		${s.missing && html`<p class="card-why">${t("watch.rights", { missing: s.missing })}</p>`}</li>`;
}

export function Sources({ query, sources }) {
	const span = useSpan(query, "7d");
	const asked = span === null ? null : { from: span.from, to: span.to, brand: span.brand };
	const of = useLive("sources", (signal) => asked === null ? Promise.resolve(null) : api.get("coverage", asked, { signal }), 60, JSON.stringify(asked));
	if (span === null) {
		return html`<p class="loading" role="status">${t("reports.loading")}</p>`;
	}
	return html`<${Picker} span=${span} /><${Loaded} of=${sources}>${(list) => html`<${Loaded} of=${of}>${(coverage) => {
		const from = time.ms(coverage.from), to = time.ms(coverage.to), lines = new Map(coverage.items.map((i) => [i.id, i]));
		const shown = list.items.filter((s) => (span.brand === null || s.brand === span.brand) && (lines.has(s.id) || s.state !== "off"));
		const polled = shown.filter((s) => lines.has(s.id)), others = shown.filter((s) => !lines.has(s.id));
		const holes = coverage.items.flatMap((i) => i.gaps.filter((g) => g.state !== "before").map((g) => ({ ...g, line: i })));
		return shown.length === 0 ? html`<${Empty} title=${t("watch.no_sources")} />` : html`<${Patterns} />
			<ul class="legend timeline-legend"><li><svg width="28" height="16" aria-hidden="true"><rect class="heard" width="28" height="12" y="2" /></svg>${t("watch.legend_heard")}</li>
				<li><svg width="28" height="16" aria-hidden="true"><rect class="hole-open" width="28" height="16" /></svg>${t("watch.legend_open")}</li>
				<li><svg width="28" height="16" aria-hidden="true"><rect class="hole-lost" width="28" height="16" /></svg>${t("watch.legend_lost")}</li>
				<li><svg width="28" height="16" aria-hidden="true"><rect class="hole-before" width="28" height="4" y="6" /></svg>${t("watch.legend_before")}</li></ul>
			<ul class="sources">${polled.map((s) => html`<${Source} key=${s.id} of=${s} line=${lines.get(s.id)} from=${from} to=${to} />`)}</ul>
			${polled.length > 0 && html`<${Ticks} from=${from} to=${to} zone=${span.zone} />`}
			${others.length > 0 && html`<h2>${t("watch.when_needed")}</h2><ul class="sources">${others.map((s) => html`<${Source} key=${s.id} of=${s} />`)}</ul>`}
			<h2>${t("watch.holes")}</h2>${holes.length === 0 ? html`<p>${t("watch.no_holes")}</p>` : html`<${Table} caption=${t("watch.holes_in_span")} rows=${holes} isStack isTitled keyOf=${(h) => `${h.line.id} ${h.from}`} columns=${[
				{ title: t("watch.source"), cell: (h) => html`<${Foreign} text=${`${h.line.account} ${h.line.source}`} />` }, { title: t("watch.state"), cell: (h) => t(`watch.gap_${h.state}`) },
				{ title: t("reports.from"), cell: (h) => html`<${Time} at=${h.from} />` }, { title: t("watch.until"), cell: (h) => html`<${Time} at=${h.until} />` },
				{ title: t("watch.length"), isNumber: true, cell: (h) => seconds((time.ms(h.until) - time.ms(h.from)) / 1000) }, { title: t("watch.why"), cell: (h) => h.reason === null ? "–" : html`<${Told} text=${h.reason} parts=${h.reason_parts} />` }]} />`}
			<${Behind} caption=${t("watch.heard_spans")} rows=${coverage.items.flatMap((i) => i.spans.map((s) => ({ ...s, line: i })))} keyOf=${(s) => `${s.line.id} ${s.from}`} columns=${[
				{ title: t("watch.source"), cell: (s) => html`<${Foreign} text=${`${s.line.account} ${s.line.source}`} />` }, { title: t("reports.from"), cell: (s) => html`<${Time} at=${s.from} />` },
				{ title: t("watch.until"), cell: (s) => html`<${Time} at=${s.until} />` }]} />`;
	}}<//>`}<//>`;
}
