/* The box that searches; '/' goes there. */
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { useCell } from "../lib/cell.js";
import { t } from "../lib/i18n.js";
import { go, place } from "../lib/router.js";
import { useKeys } from "../lib/keys.js";
import { Icon } from "../lib/ui.js";

export function SearchBox() {
	const at = useCell(place), isHere = at.path === "/search";
	const [words, setWords] = useState(isHere ? at.query.q ?? "" : ""), box = useRef(null);
	useEffect(() => { isHere && setWords(at.query.q ?? ""); }, [at.query.q, isHere]);
	useKeys([{ keys: "/", name: "search.label", group: "keys.everywhere", run: () => { box.current.focus(); box.current.select(); } }]);
	return html`<form class="search-box" role="search" onSubmit=${(e) => { e.preventDefault(); words.trim() !== "" && go(`/search?q=${encodeURIComponent(words.trim())}`, { replace: isHere }); }}>
		<${Icon} name="search" /><input type="search" ref=${box} value=${words} dir="auto" maxlength="200" aria-label=${t("search.label")} placeholder=${t("search.placeholder")} autocomplete="off"
			onInput=${(e) => setWords(e.target.value)} onKeyDown=${(e) => { if (e.key === "Escape") { e.target.blur(); } }} /></form>`;
}
