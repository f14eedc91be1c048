"""One commit: who made it and why, which files it changed, and how."""

from __future__ import annotations

from pipeline_lambdas.report.kit.markup import Child, Html, el, join
from pipeline_lambdas.report.kit.tables import code, facts
from slipway.console.repositories.changes import change_panels
from slipway.console.repositories.places import commit_link, title_of
from slipway.console.repositories.reading import Commit, Person, read_commit
from slipway.console.repositories.releases_of import release_links, releases_by_commit
from slipway.console.room import Asked, Page
from slipway.console.shell import at, clock, panel, to
from slipway.session import Session


def commit(asked: Asked) -> Page:
    """Draw the page."""
    session, name = asked.session, asked.path["repository"]
    one = read_commit(session, name, asked.path["commit"])
    above = (
        ("Repositories", at("repositories")),
        (name, at("repositories", name)),
        ("Commits", at("repositories", name, "commits", commit=one.id)),
    )
    parts = [_about(session, name, one), *change_panels(asked, name, one)]
    return Page(title_of(one), parts, above)


def _about(session: Session, name: str, one: Commit) -> Html:
    parents = [join(" " if place else None, commit_link(name, parent)) for place, parent in enumerate(one.parents)]
    pairs: list[tuple[str, Child]] = [
        ("Commit", code(one.id)),
        ("Author", _person(one.author)),
        ("Written", clock(one.author.time)),
        ("Committer", _person(one.committer) if one.committer != one.author else None),
        ("Committed", clock(one.committer.time) if one.committer.time != one.author.time else None),
        ("Parents", join(*parents) if parents else "none: the first commit"),
        ("Releases with it", release_links(releases_by_commit(session, name).get(one.id, ()))),
        ("Files", to("the repository at this commit", at("repositories", name, commit=one.id))),
    ]
    message = el("p", one.message.strip(), class_="name") if one.message.strip() != title_of(one) else None
    return panel("about", "Commit", message, facts(pairs))


def _person(person: Person) -> str:
    return f"{person.name} <{person.email}>" if person.email else person.name
