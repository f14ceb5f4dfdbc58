/* Addresses: paths of the History API, filters in the query. go("/conversation/42"), setQuery({ brand: "acme" }). */
import { cell } from "./cell.js";

function read() {
	return { path: location.pathname, query: Object.fromEntries(new URLSearchParams(location.search)), hash: location.hash };
}

export const place = cell(read());

export function go(address, { replace = false } = {}) {
	history[replace ? "replaceState" : "pushState"](null, "", address);
	place.set(read());
}

export function withQuery(changes, path = location.pathname) {
	const q = new URLSearchParams(location.search);
	for (const [name, value] of Object.entries(changes)) {
		if (value === null || value === undefined || value === "" || value === false) {
			q.delete(name);
		} else {
			q.set(name, value === true ? "1" : value);
		}
	}
	const text = q.toString();
	return path + (text === "" ? "" : `?${text}`);
}

export function setQuery(changes, options) {
	go(withQuery(changes), options);
}

/* Links of the page lead within it. */
function onClick(e) {
	const a = e.target.closest?.("a[href]");
	if (!a || e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey || a.target || a.hasAttribute("download") || a.origin !== location.origin
		|| a.pathname.startsWith("/api/") || a.getAttribute("href").startsWith("#")) {
		return;
	}
	e.preventDefault();
	go(a.getAttribute("href"));
}

export function start() {
	addEventListener("popstate", () => place.set(read()));
	addEventListener("hashchange", () => place.set(read()));
	document.addEventListener("click", onClick);
}
