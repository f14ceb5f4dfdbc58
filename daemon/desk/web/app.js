/* The page's start: language, session, the frame around all pages, and where each page stands. */
import { html, render, useEffect, useErrorBoundary, useState } from "./lib/html.js";
import { filtersOf } from "./lib/first.js";
import { useCell } from "./lib/cell.js";
import * as i18n from "./lib/i18n.js";
import { t } from "./lib/i18n.js";
import * as router from "./lib/router.js";
import { go, place } from "./lib/router.js";
import { onKey, useKeys } from "./lib/keys.js";
import { onPoint } from "./lib/time.js";
import { look, may, session } from "./lib/session.js";
import { Asked, Banner, Button, Empty, Toasts } from "./lib/ui.js";
import * as list from "./lib/waiting.js";
import { Frame, startLook } from "./pages/frame.js";
import { Again, Lost, SignIn } from "./pages/signin.js";
import { back } from "./pages/signin_by.js";
import { Queue } from "./pages/queue.js";

/* A place of the page: path, module (its default export is the component; it gets {params, query}), for the bar at the top: name (of the
 * catalogue), key, the least role, or the one that may not. `beside`: it stands beside the queue. */
const PLACES = [
	{ path: "/", name: "nav.queue", key: "g q" },
	{ path: "/search", load: () => import("./pages/search.js") },
	{ path: "/watch", name: "nav.watch", key: "g w", load: () => import("./pages/watch.js") },
	{ path: "/reports", name: "nav.reports", key: "g r", load: () => import("./pages/reports.js") },
	{ path: "/staff", name: "nav.staff", key: "g s", least: "admin", load: () => import("./pages/staff.js") },
	{ path: "/audit", name: "nav.audit", key: "g a", but: "agent", load: () => import("./pages/audit.js") },
	{ path: "/settings", load: () => import("./pages/settings.js") },
	{ path: "/conversation/:id", beside: true, load: () => import("./pages/conversation/page.js") },
];

const isFor = (p) => p.name && (!p.least || may(p.least)) && (!p.but || session.get().me?.role !== p.but);

function find(path) {
	for (const one of PLACES) {
		const names = [];
		const pattern = new RegExp(`^${one.path.replace(/:(\w+)/g, (all, name) => { names.push(name); return "([^/]+)"; })}/?$`);
		const found = pattern.exec(path);
		if (found) {
			try {
				return { place: one, params: Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(found[i + 1])])) };
			} catch {
				return null; /* half a character */
			}
		}
	}
	return null;
}

const SOON_MS = 100;

/* A page's module, when it is needed. */
const loaded = new Map();

function Page({ at, params, query }) {
	const [state, setState] = useState(() => loaded.get(at.path) ?? null);
	const [failed, again] = useErrorBoundary();
	useEffect(() => {
		let isHere = true;
		at.load().then((module) => {
			loaded.set(at.path, module.default);
			isHere && setState(() => module.default);
		}, () => isHere && setState("failed"));
		return () => { isHere = false; };
	}, [at.path]);
	if (failed) {
		console.error(failed);
		return html`<${Empty} title=${t("app.failed")}><p>${String(failed.message)}</p><${Button} onClick=${again}>${t("app.once_more")}<//><//>`;
	}
	if (state === "failed") {
		return html`<${Empty} title=${t("app.other_version")}><${Button} kind="primary" onClick=${() => location.reload()}>${t("app.reload")}<//><//>`;
	}
	return state === null ? html`<p class="loading" role="status">${t("app.loading")}</p>` : html`<${state} params=${params} query=${query} />`;
}

function Places() {
	const at = useCell(place);
	const found = find(at.path);
	const named = PLACES.filter(isFor);
	useKeys(named.map((p) => ({ keys: p.key, name: p.name, group: "keys.places", run: () => go(p.path) })));
	const isQueue = found !== null && (found.place.path === "/" || found.place.beside);
	const page = found === null ? html`<${Empty} title=${t("app.nowhere")}><p><a href="/">${t("nav.queue")}</a></p><//>`
		: found.place.load && html`<${Page} key=${found.place.path} at=${found.place} params=${found.params} query=${at.query} />`;
	return html`<${Frame} places=${named} here=${found?.place.path}>
		<div class=${`main ${isQueue ? (found.place.beside ? "two" : "one") : "page"}`}>
			${isQueue && html`<${Queue} chosen=${found.params.id ?? null} isAlone=${!found.place.beside} />`}
			${page && html`<main class="pane" id="pane" tabindex="-1">${page}</main>`}
		</div><//>`;
}

function App() {
	const who = useCell(session);
	useCell(place);
	const isBack = useCell(back) !== null;
	const isLink = location.hash.startsWith("#/link/");
	const inside = () => html`<${Places} /><${Asked} /><${Toasts} />`;
	if (isLink || (isBack && who.is !== "unknown") || who.is === "out" || (who.is === "in" && (who.me.must_set_password || who.me.must_set_up_totp))) {
		return html`<${SignIn} /><${Again} /><${Asked} /><${Toasts} />`;
	}
	switch (who.is) {
	case "in": return html`${inside()}<${Again} />`;
	case "lost": return html`${inside()}<${Lost} />`;
	default: return html`<p class="boot">answerd</p>`;
	}
}

async function start() {
	startLook();
	const isQueue = place.get().path === "/" && !location.hash.startsWith("#/link/");
	const words = i18n.load(), known = look().catch((e) => e), rows = isQueue ? list.begin(filtersOf(place.get().query)) : null;
	await words;
	router.start();
	document.addEventListener("keydown", onKey);
	document.addEventListener("pointerover", onPoint, { passive: true });
	const root = document.getElementById("app");
	let refused = await known;
	/* Rows that are nearly there are drawn with the page, not after it. */
	await Promise.race([rows, new Promise((resolve) => setTimeout(resolve, SOON_MS))]);
	root.textContent = "";
	for (let wait = 500; refused !== undefined; wait = Math.min(wait * 2, 10_000)) {
		render(html`<div class="boot"><${Banner} tone="bad">${t("app.away")} ${refused.status === 0 ? "" : refused.message}<//></div>`, root);
		await new Promise((resolve) => setTimeout(resolve, wait));
		refused = await look().catch((e) => e);
	}
	render(html`<${App} />`, root);
}

start();
