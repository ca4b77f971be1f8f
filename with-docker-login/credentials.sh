#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Reads the credentials that docker login left on this machine, its credential helpers' too, and sets them as the output config:
# one line of JSON, as DOCKER_AUTH_CONFIG holds it. Every secret is masked before it is written anywhere.
# IMAGES, SOURCES and SPEC are the inputs of those names; helpers are asked for their registries only. Needs awk, base64 and sed.
set -eu
export LC_ALL=C
tab=$(printf '\t')
hub=https://index.docker.io/v1/
file=${DOCKER_CONFIG:-${HOME:-}/.docker}/config.json

# mask hides each line of a text; shorter ones than four characters give nothing away.
mask() {
	printf '%s\n' "$1" | tr '\r' '\n' |
		sed -e 's/^[[:space:]]*//' -e '/^.\{0,3\}$/d' -e 's/%/%25/g' -e 's/^/::add-mask::/'
}

# read_configs prints what docker's configs on its input hold, as lines of KIND, KEY and VALUE: an auth is an object, a secret a
# string without its quotes, a helper and a store are names. A string of JSON holds no tab.
read_configs() {
	awk '
	{ text = text $0 }
	function plain(s) { s = substr(s, 2, length(s) - 2); gsub(/\\\//, "/", s); return s }
	function value(v) {
		if (depth == 1 && key[1] == "\"credsStore\"") print "store\t-\t" plain(v)
		if (depth == 2 && key[1] == "\"credHelpers\"") print "helper\t" plain(key[2]) "\t" plain(v)
		if (depth == 3 && key[1] == "\"auths\"" && v != "\"\"") {
			fields = fields (fields == "" ? "" : ",") key[3] ":" v
			if (key[3] ~ /^"(auth|password|identitytoken|registrytoken)"$/) {
				found = 1
				print "secret\t" plain(key[3]) "\t" plain(v)
			}
		}
	}
	END {
		while (match(text, /"([^"\\]|\\.)*"|[{}]/)) {
			token = substr(text, RSTART, RLENGTH)
			text = substr(text, RSTART + RLENGTH)
			if (token == "{") { depth++; fields = ""; found = 0 }
			else if (token == "}") {
				if (depth == 3 && found && !(key[2] in seen)) { print "auth\t" key[2] "\t{" fields "}"; seen[key[2]] }
				depth--; found = 0
			}
			else if (text ~ /^[ \t\r]*:/) key[depth] = token
			else value(token)
		}
	}'
}

# hosts prints the registries that the inputs name, each once, as docker login names them.
hosts() {
	{
		printf '%s\n' "${IMAGES:-}" "${SOURCES:-}"
		if [ -f "${SPEC:-}" ]; then sed -n 's/^[[:space:]-]*image:[[:space:]]*//p' "$SPEC"; fi
	} | tr ',A-Z' '\na-z' | tr -d "\"' $tab\r" | grep -v -e '^#' -e '^oci:' | while IFS= read -r reference; do
		reference=${reference##*=}
		host=${reference%%/*}
		case $reference in
		*/*) case $host in
			docker.io | index.docker.io | registry-1.docker.io) echo "$hub" ;;
			*.* | *:* | localhost) echo "$host" ;;
			*) echo "$hub" ;;
			esac ;;
		esac
	done | sort -u
}

# member prints a string of a flat JSON object, with its quotes.
member() {
	printf '%s' "$2" | tr -d '\n' | sed -nE 's/.*"'"$1"'"[[:space:]]*:[[:space:]]*("([^"\\]|\\.)*").*/\1/p'
}

# ask prints the entry for a registry that a credential helper has; nothing if it has none.
ask() {
	if ! command -v "docker-credential-$2" >/dev/null; then
		echo "::warning title=polytag::docker-credential-$2, which holds the credentials for $1, is not on PATH"
		return
	fi
	if ! answer=$(printf '%s\n' "$1" | "docker-credential-$2" get 2>/dev/null); then
		case $answer in
		*'credentials not found'*) ;;
		*) echo "::warning title=polytag::docker-credential-$2 failed for $1" ;;
		esac
		return
	fi
	user=$(member Username "$answer")
	secret=$(member Secret "$answer")
	[ -n "$secret" ] || return 0
	secret_text=${secret#\"}
	secret_text=${secret_text%\"}
	mask "$secret_text"
	mask "$(printf '%s' "$secret_text" | sed -e 's/\\n/\
/g' -e 's/\\u003c/</g' -e 's/\\u003e/>/g' -e 's/\\u0026/\&/g' -e 's/\\\(.\)/\1/g')"
	case $user in
	'"<token>"' | '"\u003ctoken\u003e"') add "\"$1\"" "{\"identitytoken\":$secret}" ;;
	*) add "\"$1\"" "{\"username\":$user,\"password\":$secret}" ;;
	esac
}

# add appends an entry, a quoted key and an object.
add() {
	auths=$auths${auths:+,}$1:$2
	echo "polytag gets the credentials for $1"
}

auths='' store='' helpers=''
configs=$(
	printf '%s\n' "${DOCKER_AUTH_CONFIG:-}"
	if [ -f "$file" ]; then cat "$file"; fi
)
found=$(printf '%s\n' "$configs" | read_configs)
while IFS=$tab read -r kind key value; do
	case $kind in
	secret)
		mask "$value"
		if [ "$key" = auth ]; then
			pair=$(printf '%s' "$value" | base64 -d 2>/dev/null || true)
			mask "${pair#*:}"
		fi
		;;
	auth) add "$key" "$value" ;;
	helper) helpers="$helpers $key=$value " ;;
	store) store=$value ;;
	esac
done <<EOT
$found
EOT
for host in $(hosts); do
	case $auths in *"\"$host\":"*) continue ;; esac
	helper=$store
	case $helpers in *" $host="*)
		helper=${helpers#*" $host="}
		helper=${helper%% *}
		;;
	esac
	if [ -n "$helper" ]; then ask "$host" "$helper"; fi
done
if [ -z "$auths" ]; then
	echo "::notice title=polytag::docker login has left no credentials in $file"
	exit
fi
config="{\"auths\":{$auths}}"
mask "$config"
mask "$(printf '%s' "$config" | base64 | tr -d '\n')"
{
	printf 'file=%s\n' "$GITHUB_OUTPUT"
	printf 'config=%s\n' "$config"
} >>"$GITHUB_OUTPUT"
