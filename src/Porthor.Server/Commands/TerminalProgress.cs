namespace Porthor.Server.Commands;

/// <summary>
/// Prints the progress of a long operation as one line on standard error, updated at most five times a second. Prints nothing if
/// standard error is not a terminal.
/// </summary>
/// <param name="what">The name of the operation.</param>
/// <param name="describe">Returns the text for a value.</param>
/// <param name="observe">Is called with each value, even if nothing is printed.</param>
internal sealed class TerminalProgress<T>(string what, Func<T, string> describe, Action<T>? observe = null) : IProgress<T>, IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private readonly bool visible = !Console.IsErrorRedirected;
    private long shownAt;
    private int width;

    public void Report(T value)
    {
        observe?.Invoke(value);
        if (!visible || (shownAt != 0 && TimeProvider.System.GetElapsedTime(shownAt) < Interval))
            return;
        shownAt = TimeProvider.System.GetTimestamp();
        var text = $"{what}: {describe(value)}";
        Console.Error.Write($"\r{text.PadRight(width)}");
        width = text.Length;
    }

    /// <summary>Erases the line, so that other output can be printed.</summary>
    public void Clear()
    {
        if (width > 0)
            Console.Error.Write($"\r{new string(' ', width)}\r");
        width = 0;
    }

    public void Dispose() => Clear();
}
