using Microsoft.AspNetCore.Components;

namespace Porthor.Server.Web;

/// <summary>
/// Represents a page, and is the base class of all pages. A page receives all its data in one view. The class and the views are public,
/// because Razor generates public components.
/// </summary>
public abstract class Page<TView> : ComponentBase
    where TView : notnull
{
    [Parameter, EditorRequired]
    public TView View { get; set; } = default!;
}

/// <summary>Represents the signed-in user who views a page.</summary>
/// <param name="Username">The username.</param>
/// <param name="IsAdmin">
/// True if the user has the scope <c>admin:token</c>. The navigation then contains the pages for administrators.
/// </param>
/// <param name="Csrf">The CSRF value that forms contain.</param>
public sealed record SignedInUser(string Username, bool IsAdmin, string Csrf)
{
    /// <summary>Returns the username only, because the CSRF value is secret.</summary>
    public override string ToString() => Username;
}
