/* The audit log: who did what, when and from where; and whether anybody has changed it since. What is asked for stands in the address. */
import { html, useEffect, useState } from "../lib/html.js";
import { has, number, t } from "../lib/i18n.js";
import * as api from "../lib/api.js";
import { useKeys } from "../lib/keys.js";
import { go, setQuery, withQuery } from "../lib/router.js";
import { dayBegins, daysLater } from "../lib/span.js";
import * as time from "../lib/time.js";
import { Badge, Banner, Button, Empty, Field, Foreign, Icon, Table, Time } from "../lib/ui.js";
import { Csv, Loaded, useReport } from "./reports/parts.js";
import { useBrands } from "./reports/picker.js";

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
/* What can stand in a chain: the house's own, a brand's. */
const HOUSE = ["sign_in", "sign_in_again", "sign_in_failed", "sign_out", "password_set", "totp_on", "totp_off", "recovery_codes", "staff_add", "staff_link", "staff_role", "staff_disable", "staff_email",
	"token_make", "token_revoke", "view", "view_remove", "silence", "silence_end", "panic", "panic_over", "policies", "replay"];
const BRAND = ["take", "give", "snooze", "wake", "dismiss", "undismiss", "note", "tag", "untag", "nature", "merge", "reply", "draft", "undo", "approve", "return", "reply_drop", "retry", "replied", "not_there",
	"ack", "silence", "silence_end", "snippet", "snippet_remove", "calendar", "deadlines"];

const isDay = (d) => /^\d{4}-\d\d-\d\d$/.test(d ?? "") && !Number.isNaN(Date.parse(d));
const actName = (act) => has(`audit.act_${act}`) ? t(`audit.act_${act}`) : act;

/* Row by row from the beginning, in slices: { checked, findings, since, head, isDone, error }. */
function useChain(brand) {
	const [state, setState] = useState(null);
	useEffect(() => {
		const stop = new AbortController();
		setState(null);
		(async () => {
			let after = null, checked = 0, findings = [];
			do {
				const got = await api.get("audit/chain", { brand, after }, { signal: stop.signal });
				checked += got.checked;
				findings = [...findings, ...got.findings];
				after = got.next;
				setState({ checked, findings, since: got.since, head: got.head, isDone: after === null, error: null });
			} while (after !== null);
		})().catch((error) => error.name === "AbortError" || setState({ error }));
		return () => stop.abort();
	}, [brand]);
	return state;
}

function Chain({ brand }) {
	const c = useChain(brand);
	if (c === null || (c.error === null && !c.isDone)) {
		return html`<p class="audit-chain" role="status"><${Badge} icon="clock">${t("audit.checking", { n: c?.checked ?? 0 })}<//></p>`;
	}
	if (c.error !== null) {
		return html`<${Banner} tone="warn">${c.error.status === 0 ? t("ui.not_reached") : html`<${Foreign} text=${c.error.message} />`}<//>`;
	}
	if (c.findings.length > 0) {
		return html`<${Banner} tone="bad"><strong>${t("audit.broken", { n: c.findings.length })}</strong><ul lang="en">${c.findings.slice(0, 20).map((f) => html`<li><${Foreign} text=${f} /></li>`)}</ul><//>`;
	}
	return c.head === null ? html`<p class="audit-chain hint">${t("audit.empty")}</p>`
		: html`<p class="audit-chain"><${Badge} tone="good" icon="check">${t("audit.unbroken")} <${Time} at=${c.since} /><//> <span class="hint">${t("audit.whole", { n: c.checked })}${" "}
			${t("audit.head", { n: Number(c.head.seq) })} <code title=${c.head.hash}>${c.head.hash.slice(0, 16)}</code></span></p>`;
}

function Filters({ query, brands, staff }) {
	const [days, setDays] = useState({ from: query.from ?? "", to: query.to ?? "" });
	useEffect(() => setDays({ from: query.from ?? "", to: query.to ?? "" }), [query.from, query.to]);
	const set = (name) => (e) => setQuery({ [name]: e.target.value, after: null });
	const day = (name) => (e) => {
		setDays({ ...days, [name]: e.target.value });
		(e.target.value === "" || isDay(e.target.value)) && setQuery({ [name]: e.target.value, after: null });
	};
	const acts = query.brand ? BRAND : HOUSE;
	const known = query.act && !acts.includes(query.act) ? [...acts, query.act] : acts;
	return html`<form class="picker" aria-label=${t("audit.filters")} onSubmit=${(e) => e.preventDefault()}>
		<${Field} label=${t("audit.log")}><select value=${query.brand ?? ""} onChange=${(e) => setQuery({ brand: e.target.value, act: null, after: null })}><option value="" selected=${!query.brand}>${t("audit.house")}</option>
			${brands.map((b) => html`<option value=${b.name} selected=${query.brand === b.name}>${b.name}</option>`)}</select><//>
		<${Field} label=${t("audit.who")}><select value=${query.who ?? ""} onChange=${set("who")}><option value="" selected=${!query.who}>${t("audit.anybody")}</option>
			${staff.map((s) => html`<option value=${s.login} selected=${query.who === s.login}>${s.login}</option>`)}
			<option value="worker" selected=${query.who === "worker"}>${t("audit.worker")}</option><option value="unknown" selected=${query.who === "unknown"}>${t("audit.unknown")}</option></select><//>
		<${Field} label=${t("audit.act")}><select value=${query.act ?? ""} onChange=${set("act")}><option value="" selected=${!query.act}>${t("audit.anything")}</option>
			${known.map((act) => html`<option value=${act} selected=${query.act === act}>${actName(act)}</option>`)}</select><//>
		<${Field} label=${t("reports.from")}><input type="date" value=${days.from} max=${days.to || null} onInput=${day("from")} /><//>
		<${Field} label=${t("reports.to")}><input type="date" value=${days.to} min=${days.from || null} onInput=${day("to")} /><//>
		${["who", "act", "from", "to"].some((name) => query[name]) && html`<${Button} onClick=${() => setQuery({ who: null, act: null, from: null, to: null, after: null })}>${t("audit.all")}<//>`}</form>`;
}

function Who({ row: r }) {
	return r.login !== null ? html`<${Foreign} text=${r.login} />` : r.actor === "worker" ? t("audit.worker") : r.actor === "unknown" ? t("audit.unknown") : html`<${Foreign} text=${r.actor} />`;
}

/* "conversation:42" in words, with a way there. */
function About({ row: r }) {
	const [kind, id] = [r.object.split(":", 1)[0], r.object.slice(r.object.indexOf(":") + 1)];
	if (r.object_login !== null) {
		return r.object_login === r.login ? html`<span class="hint">${t("audit.self")}</span>` : html`<${Foreign} text=${r.object_login} />`;
	}
	if (r.object === "house" || kind === "policies" || kind === "unknown" || kind === "brand") {
		return "–";
	}
	const words = has(`audit.of_${kind}`) ? t(`audit.of_${kind}`, { id }) : r.object;
	return kind === "conversation" && /^\d+$/.test(id) ? html`<a href=${`/conversation/${id}`}>${words}</a>` : html`<${Foreign} text=${words} />`;
}

/* What else was written down, without what has a column of its own. */
function detailOf(detail) {
	const of = (v) => Array.isArray(v) ? v.length > 3 ? t("audit.n_things", { n: v.length }) : v.join(", ") : v !== null && typeof v === "object" ? JSON.stringify(v) : String(v);
	return Object.entries(detail ?? {}).filter(([name, v]) => name !== "address" && v !== null && v !== false).map(([name, v]) => `${name.replaceAll("_", " ")}: ${of(v)}`).join(" · ");
}

function Where({ row: r }) {
	const mark = r.detail?.address;
	return typeof mark !== "string" ? "–" : html`<code title=${t("audit.mark", { mark })}>${mark.slice(0, 8)}</code>`;
}

export default function Audit({ query }) {
	const brands = useBrands() ?? [];
	const [staff, setStaff] = useState([]);
	useEffect(() => { api.get("staff").then((got) => setStaff(got.items), () => {}); }, []);
	const asked = { brand: query.brand, act: query.act, who: query.who, from: isDay(query.from) ? dayBegins(query.from, ZONE) : null, to: isDay(query.to) ? dayBegins(daysLater(query.to, 1), ZONE) : null };
	const of = useReport("audit", { ...asked, after: /^\d{1,18}$/.test(query.after ?? "") ? query.after : null, limit: 50 });
	const next = of.data?.next ?? null;
	const older = () => go(withQuery({ after: next })), newest = () => go(withQuery({ after: null }));
	useKeys([{ keys: "]", name: "audit.older", group: "keys.here", when: () => next !== null, run: older }, { keys: "[", name: "audit.newest", group: "keys.here", when: () => Boolean(query.after), run: newest }]);
	return html`<div class="report-page audit"><h1>${t("audit.title")}</h1><p class="hint">${t("audit.about")}</p><${Chain} brand=${query.brand} /><${Filters} query=${query} brands=${brands} staff=${staff} />
		<${Loaded} of=${of}>${(data) => data.items.length === 0 ? html`<${Empty} title=${t("audit.none")} />` : html`<${Table} caption=${t("audit.rows")} rows=${data.items} keyOf=${(r) => r.seq} columns=${[
			{ title: t("audit.seq"), isNumber: true, cell: (r) => number(Number(r.seq)) }, { title: t("audit.when"), cell: (r) => html`<${Time} at=${r.at} form="precise" />` }, { title: t("audit.who"), cell: (r) => html`<${Who} row=${r} />` },
			{ title: t("audit.act"), cell: (r) => html`${r.act === "sign_in_failed" ? html`<${Icon} name="alarm" /> ` : ""}${actName(r.act)}` }, { title: t("audit.object"), cell: (r) => html`<${About} row=${r} />` },
			{ title: t("audit.where"), cell: (r) => html`<${Where} row=${r} />` }, { title: t("audit.detail"), cell: (r) => html`<span class="hint"><${Foreign} text=${detailOf(r.detail)} /></span>` }]} />`}<//>
		<nav class="chart-acts" aria-label=${t("audit.pages")}>${query.after && html`<a class="button plain" href=${withQuery({ after: null })}><kbd>[</kbd> ${t("audit.newest")}</a>`}
			${next !== null && html`<a class="button plain" href=${withQuery({ after: next })}>${t("audit.older")} <kbd>]</kbd></a>`}<${Csv} path="audit" query=${asked} /></nav></div>`;
}
