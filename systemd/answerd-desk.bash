# Completion for answerd-desk(8). It asks the program itself what it knows, so that it cannot go stale.
_answerd_desk() {
	local current=${COMP_WORDS[COMP_CWORD]}
	COMPREPLY=()
	if [ "${COMP_WORDS[COMP_CWORD - 1]}" = --config ]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
	fi
	mapfile -t COMPREPLY < <(compgen -W "$(answerd-desk --help 2>/dev/null | grep -oE -- '--[a-z]+' | sort -u) --help" -- "$current")
}
complete -F _answerd_desk answerd-desk
