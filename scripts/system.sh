# shellcheck shell=bash
# What both scripts need of the system: packages and Rust. To be sourced.
# shellcheck disable=SC2034 # The tables are used by the scripts that source this.

# One need a line: what shows that it is there (a command, or a library that the loader finds), then the
# packages that bring it on Debian and Ubuntu, on Fedora, and on Arch.
build_needs='
command:cc                gcc,libc6-dev       gcc                   gcc
'
# The window opens these while it runs; nothing links to them.
window_needs='
lib:libX11-xcb.so.1       libx11-xcb1         libX11-xcb            libx11
lib:libXcursor.so.1       libxcursor1         libXcursor            libxcursor
lib:libXi.so.6            libxi6              libXi                 libxi
lib:libxkbcommon-x11.so.0 libxkbcommon-x11-0  libxkbcommon-x11      libxkbcommon-x11
lib:libGL.so.1            libgl1              mesa-libGL            libglvnd,mesa
lib:libEGL.so.1           libegl1             mesa-libEGL           libglvnd,mesa
'
# The tests of the window bring a display of their own, which software draws.
display_needs='
command:Xvfb              xvfb                xorg-x11-server-Xvfb  xorg-server-xvfb
lib:libGLX_mesa.so.0      libglx-mesa0        mesa-libGL            mesa
'

say() { printf '%s\n' "$*" >&2; }
fail() {
    say "$0: $*"
    exit 1
}

# Whether a need of the tables is met.
is_there() {
    case $1 in
        command:*) command -v "${1#*:}" >/dev/null ;;
        # ldconfig is not on everybody's path.
        lib:*) grep -qF "${1#*:} " <<<"$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p)" ;;
    esac
}

# The system's package manager, of those that we know; nothing where it is another.
package_manager() {
    local manager
    for manager in apt-get dnf pacman; do
        if command -v "$manager" >/dev/null; then
            echo "$manager"
            return
        fi
    done
}

# Installs what is missing of the needs in the given tables, or says what it is.
install_missing() {
    [[ $(uname -s) == Linux ]] || return 0
    local manager need apt dnf pacman names
    local -a missing=() packages=()
    manager=$(package_manager)
    while read -r need apt dnf pacman; do
        if [[ -z $need ]] || is_there "$need"; then continue; fi
        missing+=("${need#*:}")
        case $manager in
            apt-get) names=$apt ;;
            dnf) names=$dnf ;;
            *) names=$pacman ;;
        esac
        packages+=("${names//,/ }")
    done <<<"$(printf '%s\n' "$@")"
    if ((${#missing[@]} == 0)); then return; fi
    if [[ -z $manager ]]; then
        say "Not found on this system: ${missing[*]}. There is no apt-get, dnf or pacman to install them with;" \
            "if what follows fails, install the packages that hold them."
        return
    fi
    # One name a word.
    mapfile -t packages < <(tr ' ' '\n' <<<"${packages[*]}" | sort -u)
    install_packages "$manager" "${packages[@]}"
}

# Installs packages with the given manager.
install_packages() {
    local manager=$1
    shift
    say "This system lacks packages that are needed: $*"
    case $manager in
        apt-get)
            as_root apt-get update --quiet=2
            as_root apt-get install --yes --no-install-recommends "$@"
            ;;
        dnf) as_root dnf install --assumeyes "$@" ;;
        pacman) as_root pacman -S --needed --noconfirm "$@" ;;
    esac
}

# Runs a command as root; sudo asks for the password.
as_root() {
    say "+ $*"
    if ((EUID == 0)); then
        DEBIAN_FRONTEND=noninteractive "$@" >&2
    elif command -v sudo >/dev/null; then
        sudo DEBIAN_FRONTEND=noninteractive "$@" >&2
    else
        fail "this takes root, and there is no sudo here. Run it as root and start again: $*"
    fi
}

# Whether version $1 is at least $2.
is_at_least() { [[ $(printf '%s\n' "$1" "$2" | sort -V | head -n 1) == "$2" ]]; }

# The version of Rust that the system's packages would bring; nothing where they have none.
packaged_rust() {
    case $(package_manager) in
        apt-get) apt-cache policy cargo ;;
        dnf) dnf --quiet info cargo 2>/dev/null || true ;;
        pacman) pacman -Si rust 2>/dev/null || true ;;
    esac | sed -nE 's/^ *(Candidate|Version) *: *([0-9.]+).*/\2/p' | tail -n 1
}

# Makes sure that there is a Rust that can build the program. To be called in the program's folder.
require_rust() {
    local least found packaged
    least=$(sed -nE 's/^rust-version = "(.*)"/\1/p' Cargo.toml)
    # A shell that was open before rustup came does not have its folder on the path.
    # What rustup brought is newer than the system's, and comes first.
    local own=${CARGO_HOME:-$HOME/.cargo}/bin
    if [[ -x $own/rustup ]]; then PATH=$own:$PATH; else PATH=$PATH:$own; fi
    if ! command -v cargo >/dev/null; then
        packaged=$(packaged_rust)
        if [[ -z $packaged ]] || ! is_at_least "$packaged" "$least"; then
            fail "Rust $least or newer is needed, and this system's own packages have ${packaged:-none}." \
                "This gets the newest (no root needed; https://rustup.rs says more), then start again:
curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y"
        fi
        case $(package_manager) in
            apt-get) install_packages apt-get cargo rustfmt rust-clippy ;;
            dnf) install_packages dnf cargo rustfmt clippy ;;
            pacman) install_packages pacman rust ;;
        esac
    fi
    found=$(rustc --version | cut -d ' ' -f 2)
    if is_at_least "$found" "$least"; then return; fi
    if command -v rustup >/dev/null; then
        fail "Rust $least or newer is needed, and $found is here. Run: rustup update stable"
    fi
    fail "Rust $least or newer is needed, and $found is here. Update it, or get it from https://rustup.rs"
}
