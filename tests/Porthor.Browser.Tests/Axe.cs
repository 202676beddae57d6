using Deque.AxeCore.Commons;
using Microsoft.Playwright;

namespace Porthor.Browser.Tests;

/// <summary>
/// Checks the accessibility of pages with axe. The script is a part of each page of a context from the start, because sending it to a
/// page takes two seconds.
/// </summary>
internal static class Axe
{
    private const string Check =
        """
        async () => {
          const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
          const result = await axe.run(document, { runOnly: tags, resultTypes: ['violations'] });
          return result.violations.map(rule => `${rule.help}: ${rule.nodes.map(node => node.html).join('; ')}`);
        }
        """;

    private static readonly string Script = new BundledAxeScriptProvider().GetScript();

    /// <summary>Adds axe to all pages that a context loads after this call.</summary>
    public static Task AddAxeAsync(this IBrowserContext context) => context.AddInitScriptAsync(Script);

    /// <summary>Returns the violations of WCAG 2.2 AA and of best practices that a program can detect.</summary>
    public static Task<string[]> FindViolationsAsync(this IPage page) => page.EvaluateAsync<string[]>(Check);
}
