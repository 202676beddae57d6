namespace Porthor.Browser.Tests;

/// <summary>The Node.js of Playwright's package, which is newer than Debian's.</summary>
internal static class PlaywrightNode
{
    /// <summary>The path of the program; null if the package is not built for this platform.</summary>
    public static string? Path { get; } = Directory.Exists(In(".playwright"))
        ? Directory.GetFiles(In(".playwright", "node"), "node", SearchOption.AllDirectories).FirstOrDefault()
        : null;

    /// <summary>Returns the reason why scripts of a folder cannot run on this machine; null if they can.</summary>
    public static string? SkipReason(string folder) => Directory.Exists(In(folder, "node_modules")) && Path is not null
        ? null
        : $"The npm packages of {folder} are not installed; ./test.sh installs them (npm)";

    /// <summary>Returns the path of a file that was copied beside the tests.</summary>
    public static string In(params string[] names) => System.IO.Path.Combine([AppContext.BaseDirectory, .. names]);
}
