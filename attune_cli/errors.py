"""What can go wrong in the command line itself."""

from attune_core.errors import AttuneError, Blame


class NotLoggedIn(AttuneError):
    """There is no profile for a controller yet."""

    code, blame = "ATT700", Blame.AUTHOR
    remedy = "run `attune login URL`, or name a profile with --profile or ATTUNE_PROFILE"


class ProfileBroken(AttuneError):
    """A profile cannot be read, or other users may read it."""

    code, blame = "ATT701", Blame.HOST
    remedy = "run `attune login URL` again; it writes the profile with mode 0600"


class ControllerUnreachable(AttuneError):
    """No answer from the controller."""

    code, blame = "ATT702", Blame.PASSING
    remedy = "see that the controller runs and its address is right; `attune doctor` looks at the way there"


class HostUnknown(ControllerUnreachable):
    """The controller's name has no address on this machine."""

    code, blame = "ATT783", Blame.PASSING
    remedy = "correct the address (`attune login URL`), DNS or /etc/hosts; `attune doctor` looks at it"


class CertificateRefused(AttuneError):
    """The controller's certificate is not by the authority that the profile trusts, or not for this address."""

    code, blame = "ATT703", Blame.HOST
    remedy = "check the address; if the controller was set up anew, run `attune login` with its new fingerprint"


class CertificateNotYetValid(CertificateRefused):
    """The controller's certificate is of later than now: one of the two clocks is wrong."""

    code, blame = "ATT784", Blame.HOST
    remedy = "set the clock right (timedatectl set-ntp true); `attune doctor` compares both"


class CertificateExpired(CertificateRefused):
    """The controller's certificate is of earlier than now: it was not renewed, or this machine's clock is ahead."""

    code, blame = "ATT785", Blame.HOST
    remedy = "compare the clocks (attune doctor); a controller renews its own certificate when it is restarted"


class OtherSpeech(CertificateRefused):
    """One side speaks TLS, the other one plain HTTP."""

    code, blame = "ATT786", Blame.HOST
    remedy = "write https:// if it is TLS, and check the port: attune login URL"


class HomeMissing(AttuneError):
    """There is no place for profiles: neither HOME nor XDG_CONFIG_HOME is set, and the user has no home."""

    code, blame = "ATT787", Blame.HOST
    remedy = "set HOME or XDG_CONFIG_HOME to a folder of your own"


class RequestFailed(AttuneError):
    """The controller refused the request."""

    code, blame = "ATT704", Blame.AUTHOR
    remedy = "see the message"
    #: The answer's, 0 when it was understood and is no use.
    status = 0


class BadArgument(AttuneError):
    """An argument of the command is not what it takes."""

    code, blame = "ATT705", Blame.AUTHOR
    remedy = "see the command's --help"


class FingerprintDiffers(AttuneError):
    """The authority that the controller shows is not the one with the expected fingerprint."""

    code, blame = "ATT706", Blame.HOST
    remedy = "compare with the fingerprint that the controller printed at its start, or `attune controller status` on its host"


class ProgramFailed(AttuneError):
    """One of Attune's own programs ended before it was ready."""

    code, blame = "ATT707", Blame.HOST
    remedy = "read the program's log, whose place the message names"


class DrainEnded(AttuneError):
    """Somebody ended the drain of an agent while it was waited for."""

    code, blame = "ATT544", Blame.AUTHOR
    remedy = "see `attune event list` for who it was (core.agent_uncordoned), and drain it again if it is still to go"


class NotConfirmed(AttuneError):
    """A command that cannot be undone was not confirmed, or there is no terminal to ask on."""

    code, blame = "ATT651", Blame.AUTHOR
    remedy = "run it again and answer yes, or give --yes"


class ControllerBusy(AttuneError):
    """The controller has taken none of the events for a minute, because too much waits there or its disk is full."""

    code, blame = "ATT760", Blame.PASSING
    remedy = "see `attune controller status`, and run the command again later: what was taken is not taken twice"


class TooManyToReplay(AttuneError):
    """More events are meant than were allowed to be sent again."""

    code, blame = "ATT761", Blame.AUTHOR
    remedy = "narrow them, by --since and --until for instance, or allow more with --limit"


class EventsUnreadable(AttuneError):
    """The file of recorded events is not there, or has lines that are no events."""

    code, blame = "ATT715", Blame.AUTHOR
    remedy = "give what `attune event export` wrote: one CloudEvents 1.0 document a line, with `time` or `attunereceived`"


class DirectoryInUse(AttuneError):
    """The directory holds something else already."""

    code, blame = "ATT708", Blame.AUTHOR
    remedy = "name an empty directory"


class ActionExists(AttuneError):
    """The pack has an action of that name."""

    code, blame = "ATT730", Blame.AUTHOR
    remedy = "choose another name, or change the action that is there"


class SensorExists(AttuneError):
    """The pack has a sensor of that name."""

    code, blame = "ATT755", Blame.AUTHOR
    remedy = "choose another name, or change the sensor that is there"


class DocumentUnusable(AttuneError):
    """A document that the command needs is not there, or has a mistake."""

    code, blame = "ATT731", Blame.AUTHOR
    remedy = "attune validate shows every mistake with its line and remedy"


class NothingToLock(AttuneError):
    """The pack declares nothing that could be locked, or the manifest that a lock file is made from is missing."""

    code, blame = "ATT732", Blame.AUTHOR
    remedy = "declare the environment in the pack's pack.yaml, and write its manifest beside the lock file's place"


class LockerMissing(AttuneError):
    """The ecosystem's locker is not installed on this machine."""

    code, blame = "ATT733", Blame.HOST
    remedy = "install it, and see that it is on the PATH"


class LockerFailed(AttuneError):
    """The ecosystem's locker could not make the lock file."""

    code, blame = "ATT734", Blame.AUTHOR
    remedy = "read what it said above; the manifest may ask for something that does not exist"


class TypesOutdated(AttuneError):
    """The file with an action's types is not what its document gives."""

    code, blame = "ATT735", Blame.AUTHOR
    remedy = "make it again: attune action types PACK.ACTION --language LANGUAGE"


class NothingToExplain(AttuneError):
    """There is no such code, outcome or reason."""

    code, blame = "ATT710", Blame.AUTHOR
    remedy = "`attune explain` lists all of them"


class NoSuchSchema(AttuneError):
    """There is no document of that kind, or it has no such key."""

    code, blame = "ATT711", Blame.AUTHOR
    remedy = "`attune schema` lists the kinds of documents, `attune schema explain KIND` the keys of one"


class OutputUnwritable(AttuneError):
    """A file that the command was to write cannot be written."""

    code, blame = "ATT720", Blame.HOST
    remedy = "name a file in a folder that exists and that you may write to"


class WitnessUnreadable(AttuneError):
    """A witness file, or an executor's journal, that the order is to be judged by cannot be read."""

    code, blame = "ATT750", Blame.HOST
    remedy = "name a file that the actions wrote `S` and `E` lines to, or the executor's state directory, and run as a user who may read it"


class NoTerminal(AttuneError):
    """A command that draws on a terminal was started where there is none, or on one that cannot be drawn on."""

    code, blame = "ATT779", Blame.AUTHOR
    remedy = "run it in a terminal (`ssh -t` gives one), or ask for the same with --json"


class DashboardMissing(AttuneError):
    """Attune was installed without what its dashboard needs."""

    code, blame = "ATT780", Blame.HOST
    remedy = "install it with its extra: pip install 'attune[dashboard]'"


class SeveralMeant(AttuneError):
    """What is to be explained has the name of several things."""

    code, blame = "ATT746", Blame.AUTHOR
    remedy = "say which: attune explain event NAME, attune explain execution NAME, attune explain agent NAME"


class NothingToCheck(AttuneError):
    """There is no state directory of a controller, an agent or an executor at this place, and no backup."""

    code, blame = "ATT741", Blame.AUTHOR
    remedy = "name the directory that the program was given as its state, such as /var/lib/attune-controller"


class NothingToExamine(AttuneError):
    """There is no controller, no agent and no profile here that could be looked at."""

    code, blame = "ATT782", Blame.AUTHOR
    remedy = "name what is meant: attune doctor --controller, --agent, or --state DIR; or `attune login URL` for a profile"


class InstallerNotRoot(AttuneError):
    """Services can be installed and removed by root only."""

    code, blame = "ATT768", Blame.HOST
    remedy = "run it again with sudo; --dry-run shows first what would be done"


class NoSystemd(AttuneError):
    """This host was not booted with systemd, so there is nothing to install services into."""

    code, blame = "ATT769", Blame.HOST
    remedy = "start the programs by your init system as docs/settings.md says: attune-executor run, attune-agent run, attune controller run"


class OlderThanInstalled(AttuneError):
    """A newer version is installed, and its state may be in a format that this one does not read."""

    code, blame = "ATT770", Blame.AUTHOR
    remedy = (
        "install the newer version; to go back nevertheless, uninstall first, which keeps the state: a program that cannot read it says so"
    )


class InstallationStepFailed(AttuneError):
    """A step of an installation failed; those before it are done."""

    code, blame = "ATT771", Blame.HOST
    remedy = "repair what the message says, then run this command again: what is done already stays"


class UpgradeTakenBack(AttuneError):
    """The version that was to be installed did not start, and the one before runs again."""

    code, blame = "ATT795", Blame.HOST
    remedy = "read in the journal why it did not start, then install it again, or a newer one"


class UpgradeStuck(AttuneError):
    """The version that was to be installed did not start, and the one before could not be started again."""

    code, blame = "ATT796", Blame.HOST
    remedy = "read in the journal why neither starts; then install one of them again: what is done already stays"


class WheelsUnusable(AttuneError):
    """The directory given with --wheels is not one that a version can be installed from."""

    code, blame = "ATT772", Blame.AUTHOR
    remedy = "name a directory that `make wheels` made: one wheel of attune, those that it needs, and requirements.txt with their hashes"


class ProgramsMisplaced(AttuneError):
    """The programs that are to become services are not where services are started from, and no wheels were given."""

    code, blame = "ATT773", Blame.AUTHOR
    remedy = "give --wheels DIR, or make the version's folder first: python3 -m venv /opt/attune/VERSION, and pip install into it"


class ProgramsUnfit(AttuneError):
    """Another user than root can change the programs that are to become services, or the services' users cannot read them (a umask)."""

    code, blame = "ATT233", Blame.HOST
    remedy = "chown -R root:root /opt/attune && chmod -R go=rX /opt/attune"


class VersionInUse(AttuneError):
    """The version's folder was not made to its end, and cannot be made again while something runs from it."""

    code, blame = "ATT232", Blame.HOST
    remedy = "end what runs from it, or install another version"
