/* The tabs of one browser, of which one does something for all: whoever holds the browser's lock of that name. It goes to another tab when
 * its holder is closed, or when that one is not heard of any more and another takes it. Where a browser has no such lock each tab leads. */
const NONE = { say() {}, take() {}, leave() {}, isShared: false };

/* onLead(): this tab leads now; onFollow(): it does not any more; onWord(word): another tab said something. */
export function join(name, { onLead, onFollow, onWord }) {
	const { locks } = globalThis.navigator ?? {};
	if (!locks || !globalThis.BroadcastChannel) {
		onLead();
		return NONE;
	}
	const channel = new BroadcastChannel(name);
	let letGo = null, waiting = null, isGone = false;
	channel.onmessage = (e) => !isGone && onWord(e.data);

	/* Until it is our turn; then until we leave, or it is taken from us. */
	async function queue(isTaken) {
		waiting?.abort();
		const mine = waiting = new AbortController();
		let isOurs = false;
		try {
			await locks.request(name, isTaken ? { steal: true } : { signal: mine.signal }, () => {
				if (isGone || mine !== waiting) {
					return undefined;
				}
				isOurs = true;
				onLead();
				return new Promise((resolve) => { letGo = resolve; });
			});
		} catch (e) {
			if (e.name !== "AbortError") {
				throw e;
			}
		}
		if (isOurs && !isGone) {
			letGo = null;
			onFollow();
			queue(false);
		}
	}
	queue(false);
	return {
		isShared: true,
		say: (word) => !isGone && channel.postMessage(word),
		/* From a tab that says nothing any more. */
		take: () => queue(true),
		leave() {
			isGone = true;
			waiting.abort();
			letGo?.();
			channel.close();
		},
	};
}
