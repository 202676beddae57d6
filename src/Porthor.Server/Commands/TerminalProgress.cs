namespace Porthor.Server.Commands;

/// <summary>
/// Tells a waiting person how far long work is: a line on standard error that is written over, a few times a second. Says
/// nothing where standard error is no terminal.
/// </summary>
internal sealed class TerminalProgress<T>(string what, Func<T, string> describe) : IProgress<T>, IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private readonly bool visible = !Console.IsErrorRedirected;
    private long shownAt;
    private int width;

    public void Report(T value)
    {
        if (!visible || (shownAt != 0 && TimeProvider.System.GetElapsedTime(shownAt) < Interval))
            return;
        shownAt = TimeProvider.System.GetTimestamp();
        var text = $"{what}: {describe(value)}";
        Console.Error.Write($"\r{text.PadRight(width)}");
        width = text.Length;
    }

    /// <summary>Takes the line away, so that other output can take its place.</summary>
    public void Clear()
    {
        if (width > 0)
            Console.Error.Write($"\r{new string(' ', width)}\r");
        width = 0;
    }

    public void Dispose() => Clear();
}
