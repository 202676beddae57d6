using Microsoft.AspNetCore.Components;

namespace Porthor.Server.Web;

/// <summary>
/// The base class of pages. A page receives all its data in one view. It and its view are public, because Razor generates public
/// components.
/// </summary>
public abstract class Page<TView> : ComponentBase
    where TView : notnull
{
    [Parameter, EditorRequired]
    public TView View { get; set; } = default!;
}

/// <summary>The signed-in user who views a page.</summary>
/// <param name="IsAdmin">
/// True if the user has the scope <c>admin:token</c>; the navigation then contains the pages for administrators.
/// </param>
/// <param name="Csrf">The CSRF value that forms contain.</param>
public sealed record SignedInUser(string Username, bool IsAdmin, string Csrf)
{
    /// <summary>Returns the username only, because the CSRF value is secret.</summary>
    public override string ToString() => Username;
}
