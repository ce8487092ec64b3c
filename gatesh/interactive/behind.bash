# What the bash behind the interactive door reads in place of ~/.bashrc. Command lines reach it on fd 0, a
# socket of its own; a line runs with fd 0 on the terminal. Functions first: no alias of the user's is in them.

__gatesh_rc() { builtin return "$1"; }

__gatesh_skip() {  # run in a subshell, where no DEBUG trap takes it for a line of the user's
  builtin printf '\e]6973;R;%s\a' "$__gatesh_mark" >"$__gatesh_tty"
  builtin return "$1"
}

__gatesh_declare() {  # what the reader of the next line has to know; fields end with NUL
  builtin printf '%s\0' "$-:$SHELLOPTS:$BASHOPTS:$__gatesh_mode:$__gatesh_bang"
  builtin declare -p
  builtin printf '\0'
  builtin alias -p
  builtin printf '\0'
  builtin declare -F
  builtin printf '\0'
}

__gatesh_report() {
  builtin printf '\e]6973;E;%s\a' "$__gatesh_mark" >"$__gatesh_tty"
  {
    builtin printf 'prompt\0%s\0%s\0' "$__gatesh_ticket" "$1"
    __gatesh_rc "$1"
    builtin printf '%s\0' "${PS1@P}" "${PS2@P}"
    __gatesh_declare
  } >&0
}

__gatesh_attach() {
  # What is given to a number is evaluated, and what stands in the variables it names runs.
  builtin declare -g +i PROMPT_COMMAND PS0 HISTCONTROL __gatesh_mode __gatesh_blank __gatesh_bang \
    __gatesh_last __gatesh_told __gatesh_ticket
  if [[ ${PROMPT_COMMAND[9973]-} != __gatesh_prompt ]]; then
    PROMPT_COMMAND[9973]=__gatesh_prompt
  fi
  if [[ ${PS0-} != $'\e]6973;S;'* ]]; then
    PS0=$'\e]6973;S;'$__gatesh_mark$'\a'${PS0-}
  fi
  builtin shopt -s interactive_comments  # what stands behind # is not decided on
  # bash saves no line that begins with a blank, as those do that it is given: `history -s` saves the user's.
  if [[ ${HISTCONTROL-} != *ignore@(space|both)* ]]; then
    __gatesh_blank=kept
    HISTCONTROL=ignorespace${HISTCONTROL:+:$HISTCONTROL}
  fi
  if [[ -o histexpand ]]; then
    __gatesh_bang=expanded  # by the door, before it reads the line
    builtin set +H
  fi
  if [[ ${__bp_imported-} ]]; then  # it takes what follows its own hooks for the line: at its first prompt, ours
    builtin declare -g +i __bp_preexec_interactive_mode=on
  fi
}

__gatesh_plain() {  # at the top level only: there it makes bash read lines without readline again
  builtin local __gatesh_status=$?
  if [[ -o vi ]]; then __gatesh_mode=vi; elif [[ -o emacs ]]; then __gatesh_mode=emacs; fi
  builtin set +o vi +o emacs
  builtin return "$__gatesh_status"
}

__gatesh_remember() {
  [[ -o history ]] || builtin return 0
  if [[ $1 == ' '* && $__gatesh_blank == dropped ]]; then builtin return 0; fi
  if [[ ${HISTCONTROL-} == *ignore@(dups|both)* && $1 == "$__gatesh_last" ]]; then builtin return 0; fi
  __gatesh_last=$1
  builtin local __gatesh_control=$HISTCONTROL
  if [[ $1 == ' '* ]]; then HISTCONTROL=; fi
  builtin history -s -- "$1"
  HISTCONTROL=$__gatesh_control
}

__gatesh_ended() {  # keep what bash says of jobs that have ended: it does so where a line is read, unheard
  builtin local IFS= __gatesh_line __gatesh_running __gatesh_changed
  __gatesh_running=$(builtin jobs -nr) __gatesh_changed=$(builtin jobs -n)
  [[ $__gatesh_changed ]] || builtin return
  builtin jobs -n >/dev/null  # none is told of twice
  while builtin read -r __gatesh_line; do
    [[ $'\n'$__gatesh_running$'\n' == *$'\n'"$__gatesh_line"$'\n'* ]] || __gatesh_told+=$__gatesh_line$'\n'
  done <<<"$__gatesh_changed"
}

__gatesh_park() {  # wait for the next line, and answer what the door asks meanwhile
  builtin local __gatesh_asked __gatesh_text
  while IFS= builtin read -r -d '' __gatesh_asked; do
    __gatesh_text=${__gatesh_asked#*$'\n'}
    case $__gatesh_asked in
      go:* | skip:*)
        __gatesh_ticket=${__gatesh_asked%%$'\n'*}
        [[ $__gatesh_ticket == skip:* ]] || __gatesh_remember "$__gatesh_text"
        __gatesh_ticket=${__gatesh_ticket#*:}
        [[ ! ${!-} ]] || __gatesh_ended
        builtin break ;;
      functions$'\n'*)
        IFS=$' \t\n'
        builtin printf 'answer\0' >&0
        builtin declare -f -- $__gatesh_text >&0
        builtin printf '\0' >&0 ;;
      expand$'\n'*)
        builtin printf 'answer\0' >&0
        __gatesh_text=$(builtin history -p -- "$__gatesh_text" 2>&1) && builtin printf 'yes\n' >&0
        builtin printf '%s\0' "$__gatesh_text" >&0 ;;
      complete$'\n'*)
        __gatesh_text=$(__gatesh_complete "$__gatesh_text" </dev/null 2>/dev/null)
        builtin printf 'answer\0%s\0' "$__gatesh_text" >&0 ;;
      history$'\n'*)
        builtin printf 'answer\0' >&0
        HISTTIMEFORMAT= builtin fc -lnr -2000 >&0
        builtin printf '\0' >&0 ;;
    esac
  done
}

__gatesh_prompt() {
  builtin local __gatesh_status=$?
  {
    __gatesh_attach
    [[ ! ${!-} ]] || __gatesh_ended
    builtin printf %s "$__gatesh_told"
    __gatesh_told=
    if [[ -o vi || -o emacs ]]; then
      builtin printf 'plain\0' >&0
    else
      __gatesh_report "$__gatesh_status"
    fi
    __gatesh_park
  } 2>/dev/null
  builtin return 0
}

__gatesh_lost() {  # sent behind a line that takes long: bash comes to it only where the prompt's hook is gone
  builtin local __gatesh_status=$?
  __gatesh_plain
  __gatesh_attach
  builtin return "$__gatesh_status"
} 2>/dev/null

__gatesh_complete() {  # LINE up to the cursor → candidates for its last word, one a line
  builtin local IFS=$' \t\n' __gatesh_spec __gatesh_function __gatesh_word
  COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=9 COMP_KEY=9
  builtin set -f
  COMP_WORDS=($COMP_LINE)
  builtin set +f
  [[ $COMP_LINE == *[[:space:]] || -z $COMP_LINE ]] && COMP_WORDS+=("")
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  __gatesh_word=${COMP_WORDS[COMP_CWORD]}
  if ((COMP_CWORD == 0)); then
    if [[ $__gatesh_word == */* ]]; then
      builtin compgen -f -- "$__gatesh_word"
    elif [[ $__gatesh_word == \$* ]]; then
      builtin compgen -P \$ -v -- "${__gatesh_word#\$}"
    else
      builtin compgen -c -- "$__gatesh_word"
    fi
    builtin return
  fi
  if [[ $__gatesh_word == \$* ]]; then
    builtin compgen -P \$ -v -- "${__gatesh_word#\$}"
    builtin return
  fi
  __gatesh_spec=$(builtin complete -p -- "${COMP_WORDS[0]}" || builtin complete -p -- "${COMP_WORDS[0]##*/}" \
    || builtin complete -p -D)
  [[ $__gatesh_spec =~ ' -F '([^ ]+) ]] && __gatesh_function=${BASH_REMATCH[1]}
  if [[ $__gatesh_function == _completion_loader || $__gatesh_function == _comp_complete_load ]]; then
    "$__gatesh_function" "${COMP_WORDS[0]}"
    __gatesh_spec=$(builtin complete -p -- "${COMP_WORDS[0]}")
    __gatesh_function=
    [[ $__gatesh_spec =~ ' -F '([^ ]+) ]] && __gatesh_function=${BASH_REMATCH[1]}
  fi
  COMPREPLY=()
  if [[ $__gatesh_function ]]; then
    "$__gatesh_function" "${COMP_WORDS[0]}" "$__gatesh_word" "${COMP_WORDS[COMP_CWORD - 1]}"
  elif [[ $__gatesh_spec ]]; then
    __gatesh_spec=${__gatesh_spec#complete }
    builtin eval "COMPREPLY=(\$(builtin compgen ${__gatesh_spec% *} -- \"\$__gatesh_word\"))"
  fi
  if ((${#COMPREPLY[@]})); then
    builtin printf '%s\n' "${COMPREPLY[@]}"
  elif [[ ! $__gatesh_spec || $__gatesh_spec == *' -o '@(default|bashdefault|filenames)* ]]; then
    builtin compgen -f -- "$__gatesh_word"
  fi
}

builtin readonly -f __gatesh_rc __gatesh_skip __gatesh_declare __gatesh_report __gatesh_attach __gatesh_plain \
  __gatesh_remember __gatesh_park __gatesh_ended __gatesh_prompt __gatesh_lost __gatesh_complete
builtin readonly __gatesh_tty __gatesh_mark
__gatesh_mode=emacs __gatesh_blank=dropped __gatesh_bang=plain __gatesh_last= __gatesh_told= __gatesh_ticket=0
