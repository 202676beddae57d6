namespace Porthor.Server.Alerts;

/// <summary>
/// Accepts alerts from all parts of the process. While no receiver is connected, before the server starts and after it stops, alerts
/// appear only in the log.
/// </summary>
internal sealed class AlertSink
{
    private volatile Action<Alert>? receiver;

    /// <summary>Passes an alert to the receiver. The receiver returns quickly and does not throw.</summary>
    public void Raise(Alert alert) => receiver?.Invoke(alert);

    /// <summary>Sets the receiver of alerts; null removes it.</summary>
    public void Connect(Action<Alert>? newReceiver) => receiver = newReceiver;
}
