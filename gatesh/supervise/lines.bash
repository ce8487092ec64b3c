# The startup file of a person's shell below the gate: it tells each line before it runs, and how it ended.
# bash, its line editor and its prompt are as the person set them up; a line that is refused is dropped.
# It appends: to open with O_TRUNC, as `>` does, is looked at by the deletion budget, and a person waits for that.

# PS0 reads an answer (`asked`); unless that is 1 it forks the shell, which tells its line and waits to be told yes
# or no (`lines`, `seen`). A line that is refused is dropped by SIGINT; where a trap takes that, by the error of `?`.
__gatesh_ways=([0]=yes) __gatesh_may=([1]='') __gatesh_asks='${__gatesh_may[$(__gatesh_line)]?this line is refused}'
builtin readonly __gatesh_ways __gatesh_may
if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 502)); then
  # It reads a file without a fork, and waits until who looks at its line meanwhile has said that the way is free:
  # by a number. Nothing, where nobody answers, counts as 0.
  __gatesh_asks='${__gatesh_ways[$(<"$__gatesh_folder/asked")]+'$__gatesh_asks'}'
fi

__gatesh_line() {  # in the subshell of PS0: the line stands in the history already
  builtin local __gatesh_said
  { builtin printf '%s ' "$BASHPID"; HISTTIMEFORMAT= builtin history 1; builtin printf '\0'; } >>"$__gatesh_folder/lines"
  while builtin read -r __gatesh_said; do  # not what a line before was told that nobody waited for
    [[ $__gatesh_said != "$BASHPID "* ]] || builtin break
  done <"$__gatesh_folder/seen"
  if [[ $__gatesh_said != *' yes' ]]; then
    builtin kill -INT "$$"  # the shell drops the line, as with Ctrl-C
    [[ ! $(builtin trap -p INT) ]] || builtin return
  fi
  builtin printf 1
} 2>>/dev/null

__gatesh_tell() {  # the terminal where commands begin and end, and the folder: OSC 133 and 7
  builtin local __gatesh_typed='\[\e]133;B\a\]' __gatesh_where=${PWD//[[:cntrl:]]}
  PS1=${PS1%"$__gatesh_typed"} __gatesh_output=
  if [[ $TERM == dumb || $PS1 == *133\;* ]]; then builtin return; fi  # the prompt does so itself
  __gatesh_where=${__gatesh_where//%/%25} __gatesh_output=$'\e]133;C\a'
  builtin printf '\e]133;D;%s\a\e]7;file://%s%s\a\e]133;A\a' "$1" "$HOSTNAME" "${__gatesh_where// /%20}"
  PS1+=$__gatesh_typed
}

__gatesh_done() {
  builtin local __gatesh_status=$?
  builtin printf 'E%s\0' "$__gatesh_status" >>"$__gatesh_folder/lines"
  builtin shopt -s cmdhist  # or the history's last entry is no more than the last row of a line
  __gatesh_tell "$__gatesh_status"
  if [[ ${__bp_imported-} ]]; then  # it takes what follows its own hooks for the line: at its first prompt, ours
    builtin declare -g +i __bp_preexec_interactive_mode=on
  fi
} 2>>/dev/null

__gatesh_search() {  # Ctrl-X Ctrl-F: a line of the audit log in place of what is typed
  builtin local __gatesh_found
  __gatesh_found=$("$__gatesh_program" history --pick -- "$READLINE_LINE") || builtin return
  READLINE_LINE=$__gatesh_found READLINE_POINT=${#__gatesh_found}
}

builtin readonly -f __gatesh_line __gatesh_done __gatesh_tell __gatesh_search
for __gatesh_typed in emacs vi-insert vi-command; do
  builtin bind -m "$__gatesh_typed" -x '"\C-x\C-f": __gatesh_search'
done 2>>/dev/null
builtin unset __gatesh_typed
