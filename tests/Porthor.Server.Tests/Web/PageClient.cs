using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using Porthor.Server.Tests.Api;
using Porthor.Testing;
using Porthor.Tokens;

namespace Porthor.Server.Tests.Web;

/// <summary>A page as a browser parses it.</summary>
internal sealed record PageAnswer(Answer Answer, IHtmlDocument Document)
{
    public int StatusCode => Answer.StatusCode;

    public string Title => Document.Title!;

    /// <summary>The text of the main element with normalized whitespace.</summary>
    public string Text => Clean(Document.QuerySelector("main")!.TextContent);

    /// <summary>Returns the text of the only element that matches a selector.</summary>
    public string TextOf(string selector) => Clean(Document.QuerySelectorAll(selector).ShouldHaveSingleItem(selector).TextContent);

    public IReadOnlyList<string> TextsOf(string selector) =>
        [.. Document.QuerySelectorAll(selector).Select(element => Clean(element.TextContent))];

    /// <summary>Returns the URL of the link with this text; null if there is none.</summary>
    public string? Link(string text) =>
        Document.QuerySelectorAll("a").FirstOrDefault(link => Clean(link.TextContent) == text)?.GetAttribute("href");

    /// <summary>Returns the error below a field, to which the field must refer; null if there is none.</summary>
    public string? ErrorOf(string field)
    {
        if (Document.GetElementById($"{field}-error") is not { } error)
            return null;
        Document.QuerySelectorAll("[aria-describedby]").ShouldContain(
            element => element.GetAttribute("aria-describedby")!.Split(' ').Contains(error.Id));
        return Clean(error.TextContent);
    }

    private static string Clean(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}

/// <summary>The actions of a user in a browser without scripts.</summary>
internal static class PageClient
{
    public const string Tokens = "/auth/tokens";
    public const string NewToken = "/auth/tokens/new";

    public static async Task<PageAnswer> OpenAsync(
        this ApiServer server, Browser? browser, string path, params (string, string)[] headers) =>
        await server.ReadAsync(
            await server.SendAsync(HttpMethod.Get, path, json: null, browser is null ? headers : [browser.Cookie, .. headers]), browser);

    /// <summary>Submits a form with its hidden fields, as a browser does.</summary>
    public static Task<PageAnswer> SubmitAsync(
        this ApiServer server, Browser browser, PageAnswer page, IEnumerable<(string, string)> fields, params (string, string)[] headers)
    {
        var form = page.Document.QuerySelectorAll<IHtmlFormElement>("form[method=post]").ShouldHaveSingleItem();
        var hidden = form.QuerySelectorAll<IHtmlInputElement>("input[type=hidden]").Select(field => (field.Name!, field.Value));
        return server.PostAsync(browser, form.GetAttribute("action")!, [.. hidden, .. fields], headers);
    }

    public static async Task<PageAnswer> PostAsync(
        this ApiServer server, Browser? browser, string path, IEnumerable<(string, string)> fields,
        params (string Name, string Value)[] headers)
    {
        using var content = new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Item1, field.Item2)));
        return await server.PostAsync(browser, path, content, headers);
    }

    public static async Task<PageAnswer> PostAsync(
        this ApiServer server, Browser? browser, string path, HttpContent content, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        (string Name, string Value)[] all = browser is null ? headers : [browser.Cookie, .. headers];
        foreach (var (name, value) in all)
            request.Headers.TryAddWithoutValidation(name, value);
        server.LeakDetector.AddRequest(all);
        using var response = await server.Host.Client.SendAsync(request);
        return await server.ReadAsync(await Answer.ReadAsync(response), browser);
    }

    /// <summary>Fills in and submits the form for a new token.</summary>
    public static async Task<PageAnswer> CreateTokenOnPageAsync(this ApiServer server, Browser browser, string name, params string[] scopes)
    {
        var form = await server.OpenAsync(browser, NewToken);
        return await server.SubmitAsync(
            browser, form, [("name", name), .. scopes.Select(scope => ("scope", scope)), ("lifetime", "86400")]);
    }

    /// <summary>Returns the token on a page.</summary>
    public static Token TokenOn(PageAnswer page)
    {
        page.StatusCode.ShouldBe(201, page.Answer.Body);
        return Token.Parse(page.Document.QuerySelector<IHtmlInputElement>("#token")!.Value);
    }

    public static string RevokePage(TokenKey key) => $"/auth/tokens/{key}/revoke";

    private static async Task<PageAnswer> ReadAsync(this ApiServer server, Answer answer, Browser? browser)
    {
        // Every page with a form contains its CSRF value, also error pages.
        server.LeakDetector.AddResponse(
            browser is null ? answer : answer with { Body = answer.Body.Replace(browser.Csrf.Item2, "", StringComparison.Ordinal) });
        var document = await new HtmlParser(new HtmlParserOptions { IsScripting = false }).ParseDocumentAsync(answer.Body);
        if (answer.Header("Content-Type")?.StartsWith("text/html", StringComparison.Ordinal) == true)
            answer.ShouldBeSafePage(document);
        return new PageAnswer(answer, document);
    }

    /// <summary>
    /// Checks the properties of all pages, including error pages: they are not cached, and run and embed only Porthor's own content.
    /// </summary>
    private static void ShouldBeSafePage(this Answer answer, IHtmlDocument document)
    {
        answer.Header("Content-Type").ShouldBe("text/html; charset=utf-8");
        answer.Header("Cache-Control").ShouldBe("no-cache, no-store");
        answer.Header("Content-Security-Policy").ShouldBe(
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; "
                + "base-uri 'none'");
        answer.Header("X-Content-Type-Options").ShouldBe("nosniff");
        answer.Header("X-Frame-Options").ShouldBe("DENY");
        answer.Header("Referrer-Policy").ShouldBe("same-origin");
        answer.Header("Cross-Origin-Opener-Policy").ShouldBe("same-origin");
        // The page contains nothing that its content security policy would block.
        document.QuerySelectorAll("style, [style], script:not([src]), base, iframe, object, embed").ShouldBeEmpty();
        document.QuerySelectorAll("*").SelectMany(element => element.Attributes).ShouldNotContain(
            attribute => attribute.Name.StartsWith("on"));
        // One heading, a language, and a label for every field.
        document.QuerySelectorAll("h1").Length.ShouldBe(1);
        document.QuerySelector("h1")!.TextContent.ShouldBe(document.Title);
        document.DocumentElement.GetAttribute("lang").ShouldBe("en");
        foreach (var field in document.QuerySelectorAll("input:not([type=hidden]), select"))
            (field.Closest("label") ?? document.QuerySelector($"label[for={field.Id}]")).ShouldNotBeNull(field.OuterHtml);
        document.QuerySelectorAll("[id]").Select(element => element.Id).ShouldBeUnique();
        // No URL contains a secret or leads to another site.
        foreach (var address in document.QuerySelectorAll("[href], [src], [action]").Select(element =>
            element.GetAttribute("href") ?? element.GetAttribute("src") ?? element.GetAttribute("action")!))
        {
            address.ShouldMatch("^(/[^/]|#)");
            address.ShouldNotMatch(@"gt-[\w-]{22}\.");
        }
    }
}
