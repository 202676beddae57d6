using Microsoft.AspNetCore.Components;

namespace Porthor.Server.Web;

/// <summary>
/// A page: it is given all that it shows, and asks nobody for more. Public, as its view must then be, because that is how
/// Razor writes components.
/// </summary>
public abstract class Page<TView> : ComponentBase
    where TView : notnull
{
    [Parameter, EditorRequired]
    public TView View { get; set; } = default!;
}

/// <summary>Who is looking at a page.</summary>
/// <param name="IsAdmin">Has the scope <c>admin:token</c>, and is shown the way to everybody's tokens.</param>
/// <param name="Csrf">What forms repeat.</param>
public sealed record Visitor(string Username, bool IsAdmin, string Csrf)
{
    /// <summary>The value is for the visitor's own forms.</summary>
    public override string ToString() => Username;
}
