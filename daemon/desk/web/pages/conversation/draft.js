/* The words in the box: measured as the platform counts at each pause, kept on the desk while one types, and in this browser until the desk
 * has them. */
import { useCallback, useEffect, useRef, useState } from "../../lib/html.js";
import { kept } from "../../lib/cell.js";
import * as api from "../../lib/api.js";
import { markOf } from "./state.js";

const MEASURE_MS = 250, KEEP_MS = 800, AGAIN_MS = 4000;

/* One thing after the other, whatever comes in between. */
function inOrder() {
	let last = Promise.resolve();
	return (does) => {
		last = last.then(does, does);
		return last;
	};
}

/* → { words, write(words), measured, is (kept, keeping, here), version (a ref: which one must be compared with), isStale, seen(): that is known
 * now; to send them: begin() → where to, end(isSent), isSame(): see each } */
export function useDraft(c) {
	const name = `draft.${c.id}`;
	const [words, setWords] = useState(() => kept.get(name) ?? c.answering.draft?.text ?? "");
	const [measured, setMeasured] = useState(null), [is, setIs] = useState("kept"), [isStale, setStale] = useState(false);
	const latest = useRef(words), draft = useRef(c.answering.draft?.id ?? null), known = useRef(c.answering.draft?.text ?? "");
	const mark = useRef(markOf(c)), version = useRef(c.version);
	const timers = useRef({}), measuring = useRef(null), order = useRef(inOrder());

	/* Nothing was written yet: what is shown is what was seen. Once something was, news of others and of the customer wait to be seen. */
	useEffect(() => {
		const now = markOf(c);
		if (latest.current.trim() === "" || now === mark.current) {
			mark.current = now;
			version.current = c.version;
			setStale(false);
		} else {
			setStale(true);
		}
		const there = c.answering.draft;
		if (there !== null && there.text !== known.current && latest.current === known.current) {
			latest.current = known.current = there.text; /* taken back, or written in another window */
			setWords(there.text);
			measure();
		}
		draft.current = there?.id ?? (timers.current.isSending ? draft.current : null);
	}, [c]);

	const keep = useCallback(() => order.current(async () => {
		const now = latest.current;
		if (now === known.current || timers.current.isSending) {
			return;
		}
		setIs("keeping");
		try {
			const said = await api.post(`conversations/${c.id}/draft`, { text: now });
			draft.current = said.draft?.id ?? null;
			known.current = said.draft?.text ?? "";
			if (latest.current === now) {
				kept.set(name, null);
				setIs("kept");
			}
		} catch {
			setIs("here");
		}
	}), [c.id]);

	const measure = useCallback(async () => {
		measuring.current?.abort();
		const mine = measuring.current = new AbortController();
		try {
			const said = await api.post(`conversations/${c.id}/measure`, { text: latest.current }, { signal: mine.signal });
			mine.signal.aborted || setMeasured(said);
		} catch { /* it is judged again when it is sent */ }
	}, [c.id]);

	function write(next) {
		latest.current = next;
		setWords(next);
		kept.set(name, next === known.current ? null : next);
		setIs(next === known.current ? "kept" : "keeping");
		clearTimeout(timers.current.measure);
		clearTimeout(timers.current.keep);
		timers.current.measure = setTimeout(measure, MEASURE_MS);
		timers.current.keep = setTimeout(keep, KEEP_MS);
	}

	/* The desk was away: again, until it has them. */
	useEffect(() => {
		const every = is === "here" ? setInterval(keep, AGAIN_MS) : null;
		return () => clearInterval(every);
	}, [is, keep]);

	useEffect(() => {
		measure();
		return () => {
			clearTimeout(timers.current.measure);
			clearTimeout(timers.current.keep);
			measuring.current?.abort();
			keep();
		};
	}, []);

	/* To be sent: nothing else is kept meanwhile. → where it is posted. */
	async function begin() {
		clearTimeout(timers.current.keep);
		await order.current(async () => { timers.current.isSending = true; });
		return draft.current === null ? `conversations/${c.id}/replies` : `replies/${draft.current}/send`;
	}
	function end(isSent) {
		timers.current.isSending = false;
		if (isSent) {
			draft.current = null;
			latest.current = known.current = "";
			kept.set(name, null);
			setWords("");
			setIs("kept");
			setStale(false);
			measure();
		}
	}
	/* The desk says that something has changed: was it anything that a person must see first? → whether it was not. */
	async function isSame() {
		const now = await api.get(`conversations/${c.id}`);
		if (markOf(now) !== mark.current) {
			return false;
		}
		version.current = now.version;
		return true;
	}
	function seen() {
		mark.current = markOf(c);
		version.current = c.version;
		setStale(false);
	}
	return { words, write, measured, is, isStale, seen, begin, end, isSame, version };
}
