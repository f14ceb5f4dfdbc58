/* The frame around every page: where one can go, whether the page is live, what one can do (Ctrl-K, '?'), who one is. */
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { cell, kept, useCell } from "../lib/cell.js";
import { LANGUAGES, language, t } from "../lib/i18n.js";
import { commands, keysOf, layers, singleKeys, useKeys } from "../lib/keys.js";
import { session, signOut } from "../lib/session.js";
import { retry, stream } from "../lib/events.js";
import { firstSeen } from "../lib/text.js";
import { Button, Dialog, Foreign, Icon, Key, Menu, ask, useTicking } from "../lib/ui.js";
import * as time from "../lib/time.js";
import { Mentions } from "./conversation/mentions.js";
import { go } from "../lib/router.js";

/* ---- dark and light ---- */

const look = cell(kept.get("look", "system"));

export function startLook() {
	const show = () => {
		if (look.get() === "system") {
			delete document.documentElement.dataset.look;
		} else {
			document.documentElement.dataset.look = look.get();
		}
	};
	look.watch((name) => {
		kept.set("look", name === "system" ? null : name);
		show();
	});
	show();
}

function setLanguage(name) {
	kept.set("language", name);
	location.reload();
}

/* ---- live or not ---- */

function Live() {
	const s = useCell(stream);
	useTicking();
	const words = () => ({ begins: () => t("live.begins"), live: () => t("live.live", { at: time.clock(s.since) }), away: () => t("live.away", { at: time.clock(s.since) }), over: () => t("live.over") })[s.is]();
	const short = { begins: "live.short_begins", live: "live.short_live", away: "live.short_away", over: "live.short_over" }[s.is];
	const isAway = s.is === "away";
	return html`<div class=${`live is-${s.is}`} role="status" onPointerEnter=${(e) => { e.currentTarget.title = words(); }}><span class="live-mark" aria-hidden="true"></span><span class="live-words">${isAway ? html`${words()} <span class="wide-only">${t("live.trying")}</span>` : t(short)}</span>
		${isAway && html`<${Button} kind="quiet" onClick=${retry}>${t("live.now")}<//>`}</div>`;
}

/* ---- what one can do ---- */

const label = (c) => c.text ?? t(c.name);

function Help({ close }) {
	const single = useCell(singleKeys);
	/* What stands below this dialog. */
	const [all] = useState(() => layers.get().flatMap((l) => l.isModal ? [] : l.list).filter((c) => keysOf(c).length > 0 && (!c.when || c.when())));
	const groups = [...new Set(all.map((c) => c.group ?? "keys.here"))];
	return html`<${Dialog} title=${t("keys.title")} onClose=${() => close()} kind="wide">
		<div class="keys-list">${groups.map((g) => html`<section><h3>${t(g)}</h3><dl>${all.filter((c) => (c.group ?? "keys.here") === g).map((c) => html`<div><dt>${keysOf(c).map((k, i) => html`${i > 0 ? " " : ""}<${Key} of=${k} />`)}</dt>
			<dd>${label(c)}</dd></div>`)}</dl></section>`)}</div>
		<label class="check"><input type="checkbox" checked=${single} onChange=${(e) => singleKeys.set(e.target.checked)} /> ${t("keys.single")}</label><//>`;
}

function Bar({ close, all }) {
	const [words, setWords] = useState(""), [at, setAt] = useState(0);
	const list = useRef(null);
	const parts = words.toLowerCase().split(/\s+/).filter(Boolean);
	const found = all.filter((c) => parts.every((p) => label(c).toLowerCase().includes(p))).slice(0, 12);
	const chosen = Math.min(at, found.length - 1);
	function run(c) {
		close();
		/* After the dialog is gone, and the focus is back. */
		setTimeout(() => c.run(), 0);
	}
	useEffect(() => list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }));
	function onKeyDown(e) {
		const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
		if (step !== undefined) {
			e.preventDefault();
			setAt((chosen + step + found.length) % Math.max(1, found.length));
		} else if (e.key === "Enter" && found[chosen]) {
			e.preventDefault();
			run(found[chosen]);
		}
	}
	return html`<${Dialog} title=${t("keys.bar")} onClose=${() => close()} kind="bar">
		<input autofocus role="combobox" aria-expanded="true" aria-controls="bar-list" aria-label=${t("keys.bar_hint")} placeholder=${t("keys.bar_hint")} aria-activedescendant=${found[chosen] ? `bar-${chosen}` : null}
			value=${words} autocomplete="off" spellcheck="false" onInput=${(e) => { setWords(e.target.value); setAt(0); }} onKeyDown=${onKeyDown} />
		<ul id="bar-list" role="listbox" aria-label=${t("keys.bar")} ref=${list}>${found.map((c, i) => html`<li id=${`bar-${i}`} role="option" aria-selected=${String(i === chosen)} onClick=${() => run(c)}>
			<span>${label(c)}</span>${keysOf(c).slice(0, 1).map((k) => html`<${Key} of=${k} />`)}</li>`)}</ul>
		${found.length === 0 && html`<p class="hint">${t("keys.bar_none")}</p>`}<//>`;
}

const showHelp = () => ask((close) => html`<${Help} close=${close} />`);

function showBar() {
	const all = commands().filter((c) => c.name !== "keys.bar" && !c.hidden);
	return ask((close) => html`<${Bar} close=${close} all=${all} />`);
}

/* ---- the bar at the top ---- */

export function Frame({ places, here, children }) {
	const { me } = useCell(session);
	const theme = useCell(look);
	useKeys([
		{ keys: "Ctrl+k", name: "keys.bar", group: "keys.everywhere", typing: true, run: showBar },
		{ keys: "?", name: "keys.title", group: "keys.everywhere", run: showHelp },
		{ keys: null, name: "look.dark", run: () => look.set("dark") }, { keys: null, name: "look.light", run: () => look.set("light") },
		{ keys: null, name: "session.out", run: signOut },
	]);
	return html`<a class="skip" href="#content">${t("nav.skip")}</a>
		<header class="top"><a class="home" href="/" aria-label=${t("nav.home")}><svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true"><path class="home-box" d="M4 5h24a3 3 0 0 1 3 3v13a3 3 0 0 1-3 3H16l-7 6v-6H4a3 3 0 0 1-3-3V8a3 3 0 0 1 3-3z" /><path d="M9 14.5l5 5 9-9.5" fill="none" class="home-tick" stroke-width="3" stroke-linecap="round" stroke-linejoin="round" /></svg><span>answerd</span></a>
			<nav aria-label=${t("nav.nav")}>${places.map((p) => html`<a href=${p.path} aria-current=${here === p.path || (p.path === "/" && here?.startsWith("/conversation")) ? "page" : null}>${t(p.name)}</a>`)}</nav>
			<${Mentions} /><${Live} />
			<${Button} kind="quiet" class="bar-button" icon="search" aria-label=${`${t("keys.bar_short")} Ctrl+K`} onClick=${() => { showBar(); }}><span class="wide-only">${t("keys.bar_short")}</span><${Key} of="Ctrl+k" /><//>
			<${Menu} label=${t("session.me")} align="right" kind="quiet" items=${[
				...["system", "light", "dark"].map((name) => ({ label: t(`look.${name}`), isOn: theme === name, run: () => look.set(name) })), null,
				...Object.entries(LANGUAGES).map(([name, words]) => ({ label: words, isOn: language() === name, run: () => setLanguage(name) })), null,
				{ label: t("keys.title"), hint: "?", run: showHelp },
				{ label: t("nav.settings"), run: () => go("/settings") },
				{ label: t("session.out"), run: signOut },
			]}><${Icon} name="person" /><span class="wide-only me-name"><${Foreign} text=${firstSeen(me?.name, me?.login)} /></span><//>
		</header>
		<div id="content" tabindex="-1">${children}</div>`;
}
